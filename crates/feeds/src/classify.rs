//! From an element of a message or a table to a finding: the one step that a live session and a replay
//! have in common.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bgp::{Asn, Prefix, RouteOrigin, Timestamp};
use parser::{Element, ElementKind};
use validator::{Classifier, Finding, OwnPrefixes};

use crate::known_origins::KnownOrigins;
use crate::vantage_points::VantagePoints;

/// Prefixes that are remembered across the inputs of a replay: more than one session remembers, so that
/// what the merged order admits was always found.
const SHARED_MAX: usize = 1 << 17;

/// Classifies the elements of one session or one recording.
#[derive(Clone, Debug)]
pub struct ElementClassifier {
    classifier: Arc<Classifier>,
    own: Own,
    /// What others originate: what an offender takes of it is told by the RPKI data, and where they say too
    /// little, by what was seen before.
    known: Arc<KnownOrigins>,
    /// What was learned last of that: a table tells of the same hundreds of times in a row.
    learned: Option<(Prefix, Asn)>,
    vantage_points: VantagePoints,
}

/// The prefixes outside every watch that our own AS has announced.
#[derive(Clone, Debug)]
enum Own {
    /// In this session.
    Session(OwnPrefixes),
    /// In any recording that has been read so far, on whichever thread.
    Recordings(Arc<SharedPrefixes>),
}

/// Prefixes that several threads learn and look up.
#[derive(Debug, Default)]
pub struct SharedPrefixes {
    prefixes: RwLock<HashSet<Prefix>>,
    count: AtomicU64,
}

impl ElementClassifier {
    /// For a session that tells everything in order. What others originate is known to all sessions.
    pub fn of_session(classifier: Arc<Classifier>, known: Arc<KnownOrigins>) -> Self {
        let own = Own::Session(OwnPrefixes::default());
        let vantage_points = VantagePoints::default();
        ElementClassifier { classifier, own, known, learned: None, vantage_points }
    }

    /// For one of several recordings that are read side by side. It finds all that matters, and may find
    /// more: an [`OwnPrefixes`] and an [`OffenderFilter`](crate::OffenderFilter) behind the merge by time admit what
    /// counts.
    pub fn of_recording(
        classifier: Arc<Classifier>,
        shared: Arc<SharedPrefixes>,
        known: Arc<KnownOrigins>,
    ) -> Self {
        let own = Own::Recordings(shared);
        let vantage_points = VantagePoints::default();
        ElementClassifier { classifier, own, known, learned: None, vantage_points }
    }

    /// Goes on with other RPKI data or other watches.
    pub fn set_classifier(&mut self, classifier: Arc<Classifier>) {
        self.classifier = classifier;
    }

    /// What it classifies by.
    pub const fn classifier(&self) -> &Arc<Classifier> {
        &self.classifier
    }

    /// That somebody is heard for the first time, whatever about: then it is a vantage point, and a notice says of how
    /// many of those a route is held.
    pub fn newcomer(&mut self, element: &Element<'_>) -> Option<Finding> {
        let is_of_session = match element.kind {
            ElementKind::State { .. } | ElementKind::Unreadable => true,
            ElementKind::Rib { .. }
            | ElementKind::Announce { .. }
            | ElementKind::Withdraw { .. } => false,
        };
        let is_new = !is_of_session && self.vantage_points.is_new(element.vantage);
        is_new.then(|| Finding::SessionUp { at: element.at, vantage: element.vantage.clone() })
    }

    /// The finding that an element makes, if it makes one. Nearly none does, and those cost no
    /// allocation.
    pub fn finding(&mut self, element: &Element<'_>) -> Option<Finding> {
        let known = match element.kind {
            ElementKind::State { .. } | ElementKind::Unreadable => false,
            ElementKind::Withdraw { nlri } => {
                let known = self.own.contains(nlri.prefix);
                if !known && !self.classifier.matches(nlri.prefix) {
                    return None;
                }
                known
            }
            ElementKind::Rib { nlri, .. } | ElementKind::Announce { nlri, .. } => {
                let (prefix, origin) = (nlri.prefix, element.origin());
                let known = self.own.contains(prefix);
                if !known && !self.classifier.matches_announcement(prefix, &origin) {
                    return self.of_others(element.at, prefix, &origin);
                }
                if self.classifier.is_own_origination(prefix, &origin)
                    && !self.classifier.matches(prefix)
                {
                    self.own.note(prefix);
                }
                known
            }
        };
        let finding = self.classifier.classify(&element.observation()?, known)?;
        // Of recordings the filter behind the merge by time takes note of that itself.
        if matches!(self.own, Own::Session(_)) && !self.classifier.knows_holders() {
            self.known.note(&finding);
        }
        self.own.admits(&finding, &self.classifier).then_some(finding)
    }

    /// A route that has nothing to do with us, unless an offender takes what is somebody else's.
    fn of_others(
        &mut self,
        at: Timestamp,
        prefix: Prefix,
        origin: &RouteOrigin,
    ) -> Option<Finding> {
        if self.classifier.knows_holders() {
            return None;
        }
        let origin = origin.asn()?;
        if self.learned == Some((prefix, origin)) {
            return None;
        }
        let taken = self.known.learn(at, prefix, origin);
        self.learned = taken.is_none().then_some((prefix, origin));
        let holders = match self.own {
            Own::Session(_) => self.known.taken_by_offender(origin, taken?)?,
            // Who is an offender at that time is known behind the merge alone.
            Own::Recordings(_) => taken.map(|_| Vec::new())?,
        };
        Some(Finding::OffenderActivity { at, prefix, origin, holders })
    }
}

impl Own {
    fn contains(&self, prefix: Prefix) -> bool {
        match self {
            Own::Session(own) => own.contains(prefix),
            Own::Recordings(shared) => shared.contains(prefix),
        }
    }

    /// Our AS announces this prefix. A session takes note of the finding itself.
    fn note(&self, prefix: Prefix) {
        match self {
            Own::Session(_) => {}
            Own::Recordings(shared) => shared.add(prefix),
        }
    }

    fn admits(&mut self, finding: &Finding, classifier: &Classifier) -> bool {
        match self {
            Own::Session(own) => own.admit(finding, classifier),
            Own::Recordings(_) => true,
        }
    }
}

impl SharedPrefixes {
    /// How many there are: it only grows.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    fn contains(&self, prefix: Prefix) -> bool {
        // Nearly always there are none.
        self.count() > 0
            && self.prefixes.read().unwrap_or_else(PoisonError::into_inner).contains(&prefix)
    }

    fn add(&self, prefix: Prefix) {
        let mut prefixes = self.prefixes.write().unwrap_or_else(PoisonError::into_inner);
        if prefixes.len() < SHARED_MAX && prefixes.insert(prefix) {
            self.count.store(prefixes.len() as u64, Ordering::Release);
        }
    }
}

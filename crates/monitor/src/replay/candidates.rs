use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use archive::RecordVisitor;
use bgp::{Observation, Prefix, RouteOrigin, Timestamp};
use parser::{Element, ElementKind, Everything, Filter};
use validator::{Sieve, ValidationState};

use super::summary::Summary;

/// Counts the elements of one input, and keeps those that may make a finding: as many as needed, and
/// sometimes more, since the sieve decides in the end, in the order of time.
///
/// The sieve learns prefixes outside every watch that our own AS announces. A filter cannot know what
/// it will have learned by then, so it keeps every element of a prefix that our own AS announces in
/// any input that was walked so far, and where that comes too late, the scan walks again.
#[derive(Clone)]
pub(super) struct CandidateFilter {
    /// One that has learned nothing: what it wants is a matter of the watches.
    sieve: Arc<Sieve>,
    own: Arc<Own>,
    until: Option<Timestamp>,
    pub(super) summary: Summary,
    elements: u64,
}

/// The prefixes outside every watch that our own AS announces, in all inputs.
#[derive(Debug, Default)]
struct Own {
    prefixes: RwLock<HashSet<Prefix>>,
    count: AtomicU64,
}

/// How many of them are remembered: more than a sieve learns.
const OWN_MAX: usize = 1 << 17;

/// An observation and the number of its element.
pub(super) struct Candidate(pub(super) u64, pub(super) Observation);

impl CandidateFilter {
    /// All filters of one replay are clones of one.
    pub(super) fn new(sieve: &Sieve, until: Option<Timestamp>) -> Self {
        CandidateFilter {
            sieve: Arc::new(sieve.clone()),
            own: Arc::default(),
            until,
            summary: Summary::default(),
            elements: 0,
        }
    }

    fn matters(&self, element: &Element<'_>) -> bool {
        match element.kind {
            ElementKind::State { .. } => true,
            ElementKind::Withdraw { nlri } => {
                self.sieve.wants(nlri.prefix) || self.own.holds(nlri.prefix)
            }
            ElementKind::Rib { nlri, .. } | ElementKind::Announce { nlri, .. } => {
                self.sieve.wants(nlri.prefix)
                    || self.own.holds(nlri.prefix)
                    || self.breaks_a_rule(nlri.prefix, &element.origin())
            }
        }
    }

    /// Whether an announcement outside every watch is worth telling: of our own AS, or invalid.
    fn breaks_a_rule(&self, prefix: Prefix, origin: &RouteOrigin) -> bool {
        if origin.asn().is_some_and(|asn| self.sieve.watches().is_operator(asn)) {
            self.own.add(prefix);
            return true;
        }
        self.sieve.snapshot().vrps.state(prefix, origin) == ValidationState::Invalid
    }
}

impl RecordVisitor for CandidateFilter {
    type Unit = Candidate;

    fn filter(&self) -> impl Filter + use<> {
        Everything
    }

    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Candidate>) {
        self.elements += 1;
        self.summary.count(element);
        if self.until.is_some_and(|until| until <= element.at) {
            self.summary.outside += 1;
        } else if self.matters(element) {
            units.extend(element.observation().map(|it| Candidate(self.elements, it)));
        }
    }

    fn knowledge(&self) -> Option<u64> {
        Some(self.own.count.load(Ordering::Acquire))
    }

    fn number(Candidate(number, _): &Candidate) -> u64 {
        *number
    }
}

impl Own {
    fn holds(&self, prefix: Prefix) -> bool {
        // Nearly always there are none.
        self.count.load(Ordering::Acquire) > 0
            && self.prefixes.read().unwrap_or_else(PoisonError::into_inner).contains(&prefix)
    }

    fn add(&self, prefix: Prefix) {
        let mut prefixes = self.prefixes.write().unwrap_or_else(PoisonError::into_inner);
        if prefixes.len() < OWN_MAX && prefixes.insert(prefix) {
            self.count.store(prefixes.len() as u64, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests;

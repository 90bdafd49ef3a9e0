//! Whether to believe what a source says. RPKI grows by a few VRPs an hour and shrinks by as many; a set
//! that is empty or lacks a quarter is most often a validator that has lost a trust anchor, a file that
//! was written half, or a cache that has just begun. It is *held back*: the last one stays in force until
//! the new one has stood for a while, or a second source says the same.

use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use validator::RpkiSnapshot;

use crate::held_back::{HeldBack, losses};
use crate::state::SourceState;

/// What is believed of each source.
#[derive(Debug)]
pub(crate) struct Beliefs {
    percent: u8,
    after: Duration,
    /// In the order of the sources.
    believed: Vec<Belief>,
}

#[derive(Clone, Debug, Default)]
struct Belief {
    snapshot: Option<Arc<RpkiSnapshot>>,
    as_of: Option<Timestamp>,
    /// When the last VRP of it has ended.
    ends: Option<Timestamp>,
    held_back: Option<HeldBack>,
}

impl Beliefs {
    /// A set that lacks this share of the one before is believed after this time.
    pub(crate) fn new(percent: u8, after: Duration) -> Self {
        Beliefs { percent, after, believed: Vec::new() }
    }

    /// The sources with what is believed of each in place of what each has said.
    pub(crate) fn weigh(&mut self, now: Timestamp, said: Vec<SourceState>) -> Vec<SourceState> {
        self.believed.resize_with(said.len(), Belief::default);
        let mut believed = std::mem::take(&mut self.believed);
        for (place, belief) in believed.iter_mut().enumerate() {
            self.weigh_one(now, &said, place, belief);
        }
        self.believed = believed;
        let sources = said.into_iter().zip(&self.believed);
        sources.map(|(said, belief)| belief.instead_of(said)).collect()
    }

    fn weigh_one(&self, now: Timestamp, said: &[SourceState], place: usize, belief: &mut Belief) {
        let Some(source) = said.get(place) else { return };
        let Some(snapshot) = &source.snapshot else { return };
        let losses = match &belief.snapshot {
            Some(before) if Arc::ptr_eq(before, snapshot) => Vec::new(),
            Some(before) => losses(before, snapshot, self.percent),
            None => Vec::new(),
        };
        let since = belief.held_back.as_ref().map_or(now, |held_back| held_back.since);
        let held_back = HeldBack { since, until: since + self.after, losses };
        if held_back.losses.is_empty()
            || now >= held_back.until
            || self.is_confirmed(now, said, place)
        {
            belief.take(snapshot, source.as_of);
        } else {
            belief.held_back = Some(held_back);
        }
    }

    /// Whether a second source that works says about the same. An empty set confirms nothing.
    fn is_confirmed(&self, now: Timestamp, said: &[SourceState], place: usize) -> bool {
        let Some(snapshot) = said.get(place).and_then(|source| source.snapshot.as_ref()) else {
            return false;
        };
        let others = said.iter().enumerate().filter(|(other, _)| *other != place);
        let works = others.filter(|(_, other)| other.trouble.is_none());
        let mut others = works.filter_map(|(_, other)| other.alive(now));
        others.any(|other| other.has_data() && losses(other, snapshot, self.percent).is_empty())
    }
}

impl Belief {
    /// A set of nothing is no data, however long it stands.
    fn take(&mut self, snapshot: &Arc<RpkiSnapshot>, as_of: Option<Timestamp>) {
        let is_known = self.snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, snapshot));
        if !is_known {
            self.snapshot = snapshot.has_data().then(|| snapshot.clone());
            self.ends = snapshot.last_expiry();
        }
        (self.as_of, self.held_back) = (as_of, None);
    }

    fn instead_of(&self, said: SourceState) -> SourceState {
        let empty = said.snapshot.is_some() && self.snapshot.is_none();
        let trouble = said.trouble.or_else(|| empty.then(|| NO_VRPS.to_owned()));
        SourceState {
            snapshot: self.snapshot.clone(),
            as_of: self.as_of,
            expires: [said.expires, self.ends].into_iter().flatten().min(),
            held_back: self.held_back.clone(),
            trouble,
            ..said
        }
    }
}

/// What is wrong with a source that gives an empty set.
pub(crate) const NO_VRPS: &str = "it has 0 VRPs, which is no data";

#[cfg(test)]
mod tests;

//! Which of the sources to believe: a decision without a clock and without tasks.

use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use validator::{RpkiSnapshot, Vrp};

use crate::state::{Health, SourceState};

/// What to do with several sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The first that is fresh is used; the others wait for their turn.
    #[default]
    First,
    /// All that are fresh must say the same.
    Agree,
}

/// What to use, before SLURM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// None if there is nothing to be used.
    pub(crate) snapshot: Option<Arc<RpkiSnapshot>>,
    pub(crate) health: Health,
    pub(crate) remarks: Vec<String>,
}

/// Decides, and remembers what it needs for the next time.
#[derive(Debug)]
pub(crate) struct Chooser {
    policy: Policy,
    stale_after: Duration,
    /// What the sources said when they last said the same.
    agreed: Option<Arc<RpkiSnapshot>>,
    /// Since when they do not, and how.
    dispute: Option<(Timestamp, Comparison)>,
}

/// Two snapshots, compared: that takes some 50 ms, and nothing changes as long as they do not.
#[derive(Clone, Debug)]
struct Comparison {
    first: Arc<RpkiSnapshot>,
    second: Arc<RpkiSnapshot>,
    difference: Option<String>,
}

impl Chooser {
    pub(crate) fn new(policy: Policy, stale_after: Duration) -> Self {
        Chooser { policy, stale_after, agreed: None, dispute: None }
    }

    /// What to use now.
    pub(crate) fn choose(&mut self, now: Timestamp, sources: &[SourceState]) -> Choice {
        let mut remarks = self.remarks(now, sources);
        let fresh = |source: &&SourceState| {
            source.alive(now).is_some() && source.stale_since(now, self.stale_after).is_none()
        };
        let fresh: Vec<_> = sources.iter().filter(fresh).collect();
        let (snapshot, health) = match (self.policy, fresh.as_slice()) {
            (_, []) => self.without_fresh(now, sources),
            (Policy::First, [first, ..]) => (first.snapshot.clone(), Health::Fresh),
            // At the start, whoever is first must wait for the others.
            (Policy::Agree, _) if self.agreed.is_none() && sources.iter().any(is_awaited) => {
                (None, Health::Waiting)
            }
            (Policy::Agree, fresh) => self.agree(now, fresh, &mut remarks),
        };
        Choice { snapshot, health, remarks }
    }

    /// The freshest of what is stale; or nothing.
    fn without_fresh(
        &self,
        now: Timestamp,
        sources: &[SourceState],
    ) -> (Option<Arc<RpkiSnapshot>>, Health) {
        let alive = sources.iter().filter(|source| source.alive(now).is_some());
        // Of two that are as old as each other the first is meant.
        let best = alive.rev().max_by_key(|source| source.as_of);
        let stale = best.and_then(|best| Some((best, best.stale_since(now, self.stale_after)?)));
        if let Some((best, since)) = stale {
            return (best.snapshot.clone(), Health::Stale { since });
        }
        let ended = sources.iter().filter(|source| source.snapshot.is_some());
        match ended.filter_map(|source| source.expires).max() {
            Some(since) => (None, Health::Expired { since }),
            None => (None, Health::Waiting),
        }
    }

    fn agree(
        &mut self,
        now: Timestamp,
        fresh: &[&SourceState],
        remarks: &mut Vec<String>,
    ) -> (Option<Arc<RpkiSnapshot>>, Health) {
        let Some((first, others)) = fresh.split_first() else { return (None, Health::Waiting) };
        let disputes = others.iter().find_map(|other| {
            let comparison = self.compare(first, other)?;
            comparison.difference.is_some().then_some((*other, comparison))
        });
        let Some((other, comparison)) = disputes else {
            self.dispute = None;
            self.agreed.clone_from(&first.snapshot);
            return (first.snapshot.clone(), Health::Fresh);
        };
        let difference = comparison.difference.clone().unwrap_or_default();
        remarks.push(format!("{} and {} disagree: {difference}", first.name, other.name));
        let since = self.dispute.as_ref().map_or(now, |(since, _)| *since);
        self.dispute = Some((since, comparison));
        // A dispute is waited out only while waiting is better than believing one side.
        let agreed = self.agreed.clone().filter(|_| now.since(since) < self.stale_after);
        (agreed.or_else(|| first.snapshot.clone()), Health::Disputed { since })
    }

    fn compare(&self, first: &SourceState, second: &SourceState) -> Option<Comparison> {
        let (first, second) = (first.snapshot.clone()?, second.snapshot.clone()?);
        let known = self.dispute.as_ref().map(|(_, comparison)| comparison).filter(|comparison| {
            Arc::ptr_eq(&comparison.first, &first) && Arc::ptr_eq(&comparison.second, &second)
        });
        Some(known.cloned().unwrap_or_else(|| {
            let difference = difference(&first, &second);
            Comparison { first, second, difference }
        }))
    }

    /// What is wrong with each source.
    fn remarks(&self, now: Timestamp, sources: &[SourceState]) -> Vec<String> {
        let remark = |source: &SourceState| {
            let stale = source.stale_since(now, self.stale_after);
            let age = match source.alive(now) {
                None if source.snapshot.is_some() => Some("its data has expired".to_owned()),
                Some(_) if stale.is_some() => {
                    source.as_of.map(|as_of| format!("its data is of {as_of}"))
                }
                _ => None,
            };
            let skipped = source.snapshot.as_ref().map(|data| &data.skipped);
            let skipped = skipped.filter(|skipped| skipped.count > 0).map(|skipped| {
                let reason = skipped.reasons.first().map_or("", String::as_str);
                format!("{} entries skipped, the first: {reason}", skipped.count)
            });
            let held_back = source.held_back.as_ref().map(ToString::to_string);
            let parts = [source.trouble.clone(), held_back, age, skipped].into_iter().flatten();
            let parts = parts.map(|part| format!("{}: {part}", source.name));
            parts.collect::<Vec<_>>()
        };
        sources.iter().flat_map(remark).collect()
    }
}

/// Whether a source may still give something for the first time.
fn is_awaited(source: &SourceState) -> bool {
    source.snapshot.is_none() && source.trouble.is_none()
}

/// How many VRPs are told of a difference.
const EXAMPLES: usize = 3;

/// How two snapshots differ; none if they do not. Expiry is left out, since RTR does not tell it,
/// and so are ASPAs where one side has none, since older RTR has none.
pub(crate) fn difference(first: &RpkiSnapshot, second: &RpkiSnapshot) -> Option<String> {
    let mut only = [0_usize; 2];
    let mut examples = Vec::new();
    let mut count = |side: usize, vrp: Vrp| {
        only[side] += 1;
        if examples.len() < EXAMPLES {
            examples.push(vrp.to_string());
        }
    };
    let (mut left, mut right) = (first.vrps.iter().peekable(), second.vrps.iter().peekable());
    loop {
        match (left.peek().copied(), right.peek().copied()) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => {
                left.next();
                right.next();
            }
            (Some(a), b) if b.is_none_or(|b| a < b) => {
                left.next();
                count(0, a);
            }
            (_, Some(b)) => {
                right.next();
                count(1, b);
            }
            (Some(_), None) => break,
        }
    }
    let [only_first, only_second] = only;
    if only_first + only_second > 0 {
        let examples = examples.join(", ");
        return Some(format!(
            "{only_first} VRPs only in the one, {only_second} only in the other ({examples})"
        ));
    }
    let both_know_aspas = !first.aspas.is_empty() && !second.aspas.is_empty();
    (both_know_aspas && !first.aspas.iter().eq(second.aspas.iter()))
        .then(|| "they have other ASPAs".to_owned())
}

#[cfg(test)]
mod tests;

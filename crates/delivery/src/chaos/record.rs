//! What happened, and whether it may.

use std::collections::{BTreeMap, BTreeSet};

use alerter::Content;
use bgp::Prefix;

use super::script::{ADDRESSES, STEP};

/// How long anything may take that can be delivered: the longest backoff, and a turn.
pub(super) const SILENCE: u64 = 30 * 60 + 2 * STEP;
/// How long until a hijack that somebody sees is decided upon: holders gather for five seconds.
const DECIDED_AFTER: u64 = 2 * STEP;
/// The same where others come at the same time: what is one notification with them waits for as long as they gather.
const GATHERED_AFTER: u64 = DECIDED_AFTER + 600;
/// So many of different prefixes within an hour are told at once, whatever decoys there are.
const APART: usize = 5;

/// What happened to notifications, and when.
#[derive(Default)]
pub(super) struct Record {
    pub(super) decided: BTreeMap<Decided, u64>,
    pub(super) arrivals: Vec<Arrival>,
    /// When each mailbox did not take what it was sent.
    pub(super) refusing: BTreeMap<&'static str, Vec<u64>>,
    /// What waits then is due within its own backoff from there on, whatever the clock says.
    pub(super) kills: Vec<u64>,
    /// When the feed told nothing.
    pub(super) blind: Vec<u64>,
}

/// A notification that was decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decided {
    pub(super) address: String,
    pub(super) message_id: String,
}

/// A notification that arrived.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) notification: Decided,
    pub(super) thread: String,
    pub(super) content: String,
    pub(super) is_from_memory: bool,
    pub(super) at: u64,
}

impl Record {
    /// Everything arrived, nothing under two names, nothing before what came before it, and nothing late.
    pub(super) fn check(&self, hijacks: &[(u64, Prefix)]) {
        let from_store = self.arrivals.iter().filter(|one| !one.is_from_memory);
        let arrived: BTreeSet<_> = from_store.map(|one| &one.notification).collect();
        assert_eq!(arrived, self.decided.keys().collect());
        let mut contents = BTreeMap::new();
        for Arrival { notification, content, .. } in &self.arrivals {
            let first = contents.entry(notification).or_insert(content);
            // Only who was killed before the disk was free again has told what is not stored.
            let is_stored = *first == content && self.decided.contains_key(notification);
            assert!(is_stored || !self.kills.is_empty(), "{notification:?} differs");
        }
        for address in ADDRESSES {
            let told: BTreeSet<_> = self.arrived_at(address).flat_map(Arrival::prefixes).collect();
            let untold = hijacks.iter().find(|(_, prefix)| !told.contains(prefix));
            assert_eq!(untold, None);
            in_order(self.arrived_at(address));
        }
        self.decided.iter().for_each(|(one, at)| self.arrived_in_time(one, *at));
        self.decided_in_time(hijacks);
    }

    /// When the first notification from then on was decided that is to go there.
    pub(super) fn first_decided(&self, address: &str, since: u64) -> Option<u64> {
        let to = self.decided.iter().filter(|(one, _)| one.address == address);
        to.map(|(_, at)| *at).filter(|at| *at >= since).min()
    }

    fn arrived_at(&self, address: &str) -> impl Iterator<Item = &Arrival> {
        self.arrivals.iter().filter(move |one| one.notification.address == address)
    }

    /// Only a mailbox that takes nothing delays what it is sent.
    fn arrived_in_time(&self, notification: &Decided, decided: u64) {
        let mut arrived = self.arrivals.iter();
        let first = arrived.find(|one| one.notification == *notification).unwrap().at;
        let begun = last(&self.kills, first).max(decided);
        let refusing = self.refusing.get(notification.address.as_str());
        let since = refusing.map_or(begun, |times| last(times, first).max(begun));
        let late = first.saturating_sub(since);
        assert!(late <= SILENCE, "{notification:?} {late} s late");
    }

    /// Whatever else happens, a hijack is decided upon as soon as somebody sees it.
    fn decided_in_time(&self, hijacks: &[(u64, Prefix)]) {
        let mut decided = BTreeMap::new();
        for arrival in &self.arrivals {
            let Some(at) = self.decided.get(&arrival.notification) else { continue };
            for prefix in arrival.prefixes() {
                let first = decided.entry(prefix).or_insert(*at);
                *first = *at.min(first);
            }
        }
        for (begun, prefix) in hijacks {
            let at = decided[prefix];
            let since = last(&self.kills, at).max(last(&self.blind, at)).max(*begun);
            let lately = |second: u64| (begun.saturating_sub(3600)..=at).contains(&second);
            let others = hijacks.iter().filter(|(begun, _)| lately(*begun)).count();
            let alone = others <= APART && !self.blind.iter().any(|second| lately(*second));
            let allowed = if alone { DECIDED_AFTER } else { GATHERED_AFTER };
            let late = at.saturating_sub(since);
            assert!(late <= allowed, "{prefix} of {begun} {late} s late");
        }
    }
}

impl Arrival {
    /// What it is about.
    fn prefixes(&self) -> Vec<Prefix> {
        match serde_json::from_str(&self.content).unwrap() {
            Content::Notice(notice) => notice.prefixes.iter().map(|one| one.announced).collect(),
            Content::Summary(summary) => {
                summary.rows.iter().flat_map(|row| row.prefixes.clone()).collect()
            }
        }
    }
}

/// The last of these until then.
fn last(times: &[u64], until: u64) -> u64 {
    times.iter().rev().find(|at| **at <= until).copied().unwrap_or_default()
}

/// Of each thread what is first told of the one is told before the next. Some are left out: a summary tells them.
fn in_order<'a>(arrivals: impl Iterator<Item = &'a Arrival>) {
    let mut told: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for one in arrivals.filter(|one| !one.is_from_memory) {
        let id = &one.notification.message_id;
        let number = id.split_once('.').unwrap().1.split_once('@').unwrap().0;
        let number: u32 = number.parse().unwrap();
        let told = told.entry(&one.thread).or_default();
        let is_new = told.insert(number);
        assert!(!is_new || told.last() == Some(&number), "{id} too late");
    }
}

//! Who originated which prefix, as far as it was seen. Where RPKI data do not say whose the space of others
//! is, this tells whether an offender takes that, too.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bgp::{Asn, Prefix, Timestamp};
use validator::{Area, Finding, Match, RouteFinding, RouteState};

/// Threads seldom wait for each other.
const SHARDS: usize = 16;
/// Prefixes that are remembered, in some tens of megabytes: of IPv4 and IPv6 together there were 1.3 million in
/// 2026. Further ones are not.
const PREFIXES_MAX: usize = 1 << 21;
/// Offenders that are remembered, those that were seen last.
const OFFENDERS_MAX: usize = 1 << 10;
/// A prefix is somebody's who originated it for so long before the offender did.
const KNOWN_AFTER: Duration = Duration::from_secs(600);
/// So long before it was first seen to hit us, an offender may have begun to hit others: a leak reaches each
/// network at its own time.
const BEGUN_BEFORE: Duration = Duration::from_secs(3600);

/// Who originated each prefix outside of watched space first, and who is an offender: what several sessions or
/// recordings learn and look up. What it knows does not depend on the order in which it learns.
#[derive(Debug, Default)]
pub struct KnownOrigins {
    hasher: RandomState,
    /// By the hash of the prefix: two that have the same would be one in some ten million tables.
    shards: [Mutex<Shard>; SHARDS],
    offenders: Mutex<Offenders>,
    /// How often an offender was added.
    added: AtomicU64,
}

type Shard = HashMap<u64, Origins, BuildHasherDefault<Hashed>>;

/// What is a hash already is its own.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, octets: &[u8]) {
        self.0 = octets.iter().fold(self.0, |hash, octet| hash.rotate_left(8) ^ u64::from(*octet));
    }
}

/// The first two that originated a prefix, and since when: the second seconds, then the AS, the earlier first.
#[derive(Clone, Copy, Debug)]
struct Origins([(u32, Asn); 2]);

/// In place of a second one.
const NOBODY: (u32, Asn) = (u32::MAX, Asn::ZERO);

/// Whose routes hit us, and since when.
#[derive(Clone, Debug, Default)]
struct Offenders(BTreeMap<Asn, Timestamp>);

/// Behind the merge of recordings: lets through what offenders do to others, with whose it is, once they have
/// hit us. What recordings that are read ahead know already does not count.
#[derive(Debug)]
pub struct OffenderFilter {
    known: Arc<KnownOrigins>,
    offenders: Offenders,
}

impl KnownOrigins {
    /// Somebody originates a prefix.
    pub(crate) fn learn(&self, at: Timestamp, prefix: Prefix, origin: Asn) {
        let (key, shard) = self.place(prefix);
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let new = (seconds(at), origin);
        if let Some(origins) = shard.get_mut(&key) {
            origins.learn(new);
        } else if shard.len() < PREFIXES_MAX / SHARDS {
            shard.insert(key, Origins([new, NOBODY]));
        }
    }

    /// Takes note of a finding that makes an AS an offender.
    pub(crate) fn note(&self, finding: &Finding) {
        let Some((at, offender)) = hijack(finding) else { return };
        let mut offenders = self.offenders.lock().unwrap_or_else(PoisonError::into_inner);
        if offenders.note(at, offender) {
            self.added.fetch_add(1, Ordering::Release);
        }
    }

    /// How often an offender was added: it only grows.
    pub(crate) fn added(&self) -> u64 {
        self.added.load(Ordering::Acquire)
    }

    /// Since when an AS is an offender.
    pub(crate) fn offender_since(&self, asn: Asn) -> Option<Timestamp> {
        // Nearly always there are none.
        if self.added() == 0 {
            return None;
        }
        self.offenders.lock().unwrap_or_else(PoisonError::into_inner).0.get(&asn).copied()
    }

    /// Whose a prefix is that an offender originates: none where that is nothing new.
    pub(crate) fn holders(&self, prefix: Prefix, offender: Asn, since: Timestamp) -> Vec<Asn> {
        let (key, shard) = self.place(prefix);
        let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Origins(origins)) = shard.get(&key).copied() else { return Vec::new() };
        let begun = origins.iter().find(|(_, asn)| *asn == offender).map(|(begun, _)| *begun);
        let before = |span: Duration| u32::try_from(span.as_secs()).unwrap_or(u32::MAX);
        let is_new = |begun: &u32| begun.saturating_add(before(BEGUN_BEFORE)) >= seconds(since);
        let Some(begun) = begun.filter(is_new) else { return Vec::new() };
        let is_holder = |(since, asn): &(u32, Asn)| {
            *asn != offender && since.saturating_add(before(KNOWN_AFTER)) <= begun
        };
        origins.into_iter().filter(is_holder).map(|(_, asn)| asn).collect()
    }

    fn place(&self, prefix: Prefix) -> (u64, &Mutex<Shard>) {
        let key = self.hasher.hash_one(prefix);
        // Neither the lowest nor the highest bits: by those a map finds its places.
        let place = usize::try_from((key >> 32) % SHARDS as u64).unwrap_or_default();
        // A remainder is a place in the array.
        (key, &self.shards[place])
    }
}

impl Origins {
    /// Keeps the two earliest, whatever the order in which they come.
    fn learn(&mut self, new: (u32, Asn)) {
        let Origins([first, second]) = self;
        if new.1 == first.1 {
            *first = new.min(*first);
        } else if new.1 == second.1 || new < *second {
            *second = new.min(*second);
        }
        if second < first {
            std::mem::swap(first, second);
        }
    }
}

impl Offenders {
    /// Whether that is news.
    fn note(&mut self, at: Timestamp, offender: Asn) -> bool {
        if let Some(since) = self.0.get_mut(&offender) {
            *since = at.min(*since);
            return false;
        }
        if self.0.len() >= OFFENDERS_MAX
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, since)| **since).map(|(asn, _)| *asn)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(offender, at);
        true
    }
}

impl OffenderFilter {
    /// Of recordings that learn this.
    pub(crate) fn new(known: Arc<KnownOrigins>) -> Self {
        OffenderFilter { known, offenders: Offenders::default() }
    }

    /// What a finding is at its place in the order of time; none where it is of no account there.
    pub fn admit(&mut self, finding: Finding) -> Option<Finding> {
        if let Some((at, offender)) = hijack(&finding) {
            self.offenders.note(at, offender);
        }
        let Finding::OffenderActivity { at, prefix, origin, .. } = finding else {
            return Some(finding);
        };
        let since = *self.offenders.0.get(&origin)?;
        let holders = self.known.holders(prefix, origin, since);
        (!holders.is_empty()).then_some(Finding::OffenderActivity { at, prefix, origin, holders })
    }
}

/// When somebody was seen to take space of ours, and who.
fn hijack(finding: &Finding) -> Option<(Timestamp, Asn)> {
    let Finding::Route(RouteFinding { at, state, .. }) = finding else { return None };
    let held = match state {
        RouteState::Held(held) | RouteState::Restored(held) => held,
        RouteState::Unreadable | RouteState::Withdrawn => return None,
    };
    let is_hijack = |found: &Match| found.kind.is_some_and(|kind| kind.spec().area == Area::Hijack);
    held.matches.iter().any(is_hijack).then(|| held.origin.asn()).flatten().map(|asn| (*at, asn))
}

fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn whose_a_prefix_is_does_not_depend_on_the_order_in_which_that_was_learned() {
        let prefix: Prefix = "203.0.113.0/24".parse().unwrap();
        let (owner, offender, late) = (Asn::new(64496), Asn::new(64666), Asn::new(64500));
        let seen = [(1000, owner), (9000, offender), (9500, late), (9100, owner), (9001, offender)];
        for turn in 0..seen.len() {
            for reversed in [false, true] {
                let mut seen = seen;
                seen.rotate_left(turn);
                if reversed {
                    seen.reverse();
                }
                let known = KnownOrigins::default();
                seen.iter().for_each(|(seconds, asn)| known.learn(at(*seconds), prefix, *asn));
                assert_eq!(known.holders(prefix, offender, at(9000)), [owner], "{seen:?}");
                // It began long before it hit us: that is how it always was.
                assert_eq!(known.holders(prefix, offender, at(9000 + 3601)), []);
                assert_eq!(known.holders(prefix, owner, at(9000)), []);
            }
        }
    }

    #[test]
    fn who_originates_a_prefix_at_the_same_time_as_the_offender_is_not_its_holder() {
        let prefix: Prefix = "203.0.113.0/24".parse().unwrap();
        let known = KnownOrigins::default();
        known.learn(at(8500), prefix, Asn::new(64496));
        known.learn(at(9000), prefix, Asn::new(64666));
        assert_eq!(known.holders(prefix, Asn::new(64666), at(9000)), []);
    }

    #[test]
    fn prefixes_and_offenders_are_remembered_up_to_a_bound() {
        let mut offenders = Offenders::default();
        let many = 2 * u32::try_from(OFFENDERS_MAX).unwrap();
        for n in 0..many {
            assert!(offenders.note(at(n.into()), Asn::new(n)));
        }
        assert_eq!(offenders.0.len(), OFFENDERS_MAX);
        assert!(offenders.0.contains_key(&Asn::new(many - 1)));
        let known = KnownOrigins::default();
        let (_, shard) = known.place("203.0.113.0/24".parse().unwrap());
        let full = (0..(PREFIXES_MAX / SHARDS) as u64).map(|n| (n, Origins([NOBODY, NOBODY])));
        shard.lock().unwrap().extend(full);
        known.learn(at(1), "203.0.113.0/24".parse().unwrap(), Asn::new(1));
        assert_eq!(shard.lock().unwrap().len(), PREFIXES_MAX / SHARDS);
    }
}

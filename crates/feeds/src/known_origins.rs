//! Who originated which prefix, as far as it was seen. Where RPKI data do not say whose the space of others
//! is, this tells whether an offender takes that, too.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bgp::{Asn, Prefix, Timestamp};
use foldhash::quality::RandomState;
use validator::{Area, Finding, Match, RouteFinding, RouteState};

/// Threads seldom wait for each other.
const SHARDS: usize = 16;
/// Prefixes that are remembered, in some tens of megabytes: of IPv4 and IPv6 together there were 1.3 million in
/// 2026. Further ones are not.
const PREFIXES_MAX: usize = 1 << 21;
/// A prefix is somebody's who originated it for so long before another one did.
const KNOWN_AFTER: Duration = Duration::from_secs(600);
/// So long before it was first seen to hit us, an offender may have begun to hit others: a leak reaches each
/// network at its own time.
const BEGUN_BEFORE: Duration = Duration::from_secs(3600);
/// Offenders that are remembered, those that were seen last.
const OFFENDERS_MAX: usize = 1 << 10;
/// Prefixes of which is known at once that there is nothing to learn, in 8 MB: mostly the same is told hundreds
/// of times.
const BUCKETS: usize = 1 << 18;
/// How many of them share one line of a cache.
const WAYS: usize = 4;

/// Who originated each prefix outside of watched space first, and who is an offender: what several sessions or
/// recordings learn and look up. What it knows does not depend on the order in which it learns.
#[derive(Debug, Default)]
pub struct KnownOrigins {
    hasher: RandomState,
    /// By the hash of the prefix: two that have the same would be one in some ten million tables.
    shards: [Mutex<Shard>; SHARDS],
    learned: OnceLock<Box<[Bucket]>>,
    /// How often it was learned after who took something that it had been somebody's.
    news: AtomicU64,
    offenders: Mutex<Offenders>,
}

type Shard = HashMap<u64, Origins, BuildHasherDefault<Hashed>>;

/// Routes that were learned, and are nobody else's: the hash of each above the second of its time.
type Bucket = [AtomicU64; WAYS];

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origins([(u32, Asn); 2]);

/// In place of a second one.
const NOBODY: (u32, Asn) = (u32::MAX, Asn::ZERO);

/// Whose a prefix was that somebody originates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The second at which that began.
    begun: u32,
    holders: Vec<Asn>,
}

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
    /// Somebody originates a prefix. Whose it was before, if anybody's.
    pub(crate) fn learn(&self, at: Timestamp, prefix: Prefix, origin: Asn) -> Option<Taken> {
        let (key, now) = (self.hasher.hash_one(prefix), seconds(at));
        let bucket = self.bucket(key);
        // The upper half is never zero, as that of an empty place is.
        let hash = self.hasher.hash_one((key, origin)) >> 32 << 32 | 1 << 32;
        let is_learned = |place: &AtomicU64| {
            let learned = place.load(Ordering::Acquire);
            (learned ^ hash) >> 32 == 0 && learned << 32 <= u64::from(now) << 32
        };
        if bucket.iter().any(is_learned) {
            return None;
        }
        let mut shard = self.shard(key);
        let origins = self.take_in(&mut shard, key, (now, origin))?;
        // What somebody else originates, too, is looked at each time. Threads see both or neither of this and the
        // table, since they wait for it.
        if !origins.is_anothers(origin) {
            let place = usize::try_from(hash >> 33).unwrap_or_default() % WAYS;
            bucket[place].store(hash | u64::from(now), Ordering::Release);
        }
        origins.taken_by(origin)
    }

    /// Takes note of a finding that makes an AS an offender.
    pub(crate) fn note(&self, finding: &Finding) {
        if let Some((at, offender)) = hijack(finding) {
            self.offenders().note(at, offender);
        }
    }

    /// Whose that is, which an offender has taken.
    pub(crate) fn taken_by_offender(&self, offender: Asn, taken: Taken) -> Option<Vec<Asn>> {
        self.offenders().has_taken(offender, taken)
    }

    fn offenders(&self) -> MutexGuard<'_, Offenders> {
        self.offenders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts it into the table; what that says then. None where the table is full.
    fn take_in(&self, shard: &mut Shard, key: u64, new: (u32, Asn)) -> Option<Origins> {
        let Some(origins) = shard.get_mut(&key) else {
            let origins = Origins([new, NOBODY]);
            let has_room = shard.len() < PREFIXES_MAX / SHARDS;
            return has_room.then(|| shard.insert(key, origins)).map(|_| origins);
        };
        let before = *origins;
        origins.learn(new);
        if *origins != before && origins.is_taken_from(new.1) {
            self.bucket(key).iter().for_each(|place| place.store(0, Ordering::Release));
            self.news.fetch_add(1, Ordering::Release);
        }
        Some(*origins)
    }

    /// How much was learned that makes routes matter which were passed over before: it only grows.
    pub(crate) fn news(&self) -> u64 {
        self.news.load(Ordering::Acquire)
    }

    fn taken(&self, prefix: Prefix, origin: Asn) -> Option<Taken> {
        let key = self.hasher.hash_one(prefix);
        let origins = self.shard(key).get(&key).copied();
        origins.and_then(|origins| origins.taken_by(origin))
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, Shard> {
        // Neither the lowest nor the highest bits: by those a map finds its places.
        let place = usize::try_from((key >> 32) % SHARDS as u64).unwrap_or_default();
        // A remainder is a place in the array.
        self.shards[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn bucket(&self, key: u64) -> &Bucket {
        let new = || (0..BUCKETS).map(|_| Bucket::default()).collect();
        let place = usize::try_from(key % BUCKETS as u64).unwrap_or_default();
        // A remainder is a place in the table.
        &self.learned.get_or_init(new)[place]
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

    /// Whose it was when this AS began to originate it.
    fn taken_by(self, origin: Asn) -> Option<Taken> {
        let begun = self.0.into_iter().find(|(_, asn)| *asn == origin).map(|(begun, _)| begun)?;
        let is_holder =
            |(since, asn): &(u32, Asn)| *asn != origin && later(*since, KNOWN_AFTER) <= begun;
        let holders: Vec<Asn> = self.0.into_iter().filter(is_holder).map(|(_, asn)| asn).collect();
        (!holders.is_empty()).then_some(Taken { begun, holders })
    }

    /// Whether somebody else has originated it, too.
    fn is_anothers(&self, origin: Asn) -> bool {
        self.0.iter().any(|known| *known != NOBODY && known.1 != origin)
    }

    /// Whether somebody began to originate what this AS had.
    fn is_taken_from(&self, holder: Asn) -> bool {
        let Origins([first, second]) = self;
        first.1 == holder && *second != NOBODY && later(first.0, KNOWN_AFTER) <= second.0
    }
}

impl Offenders {
    fn note(&mut self, at: Timestamp, offender: Asn) {
        if let Some(since) = self.0.get_mut(&offender) {
            *since = at.min(*since);
            return;
        }
        if self.0.len() >= OFFENDERS_MAX
            && let Some(oldest) =
                self.0.iter().min_by_key(|(_, since)| **since).map(|(asn, _)| *asn)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(offender, at);
    }

    /// Whose that was, where the AS has hit us and this is not how it always was.
    fn has_taken(&self, asn: Asn, taken: Taken) -> Option<Vec<Asn>> {
        let since = seconds(*self.0.get(&asn)?);
        (later(taken.begun, BEGUN_BEFORE) >= since).then_some(taken.holders)
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
        let holders = self.offenders.has_taken(origin, self.known.taken(prefix, origin)?)?;
        Some(Finding::OffenderActivity { at, prefix, origin, holders })
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

fn later(seconds: u32, span: Duration) -> u32 {
    seconds.saturating_add(u32::try_from(span.as_secs()).unwrap_or(u32::MAX))
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

    fn holders(known: &KnownOrigins, prefix: Prefix, offender: Asn, since: i64) -> Vec<Asn> {
        let mut offenders = Offenders::default();
        offenders.note(at(since), offender);
        let taken = known.taken(prefix, offender);
        taken.and_then(|taken| offenders.has_taken(offender, taken)).unwrap_or_default()
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
                seen.iter()
                    .for_each(|(seconds, asn)| drop(known.learn(at(*seconds), prefix, *asn)));
                assert_eq!(holders(&known, prefix, offender, 9000), [owner], "{seen:?}");
                // It began long before it hit us: that is how it always was.
                assert_eq!(holders(&known, prefix, offender, 9000 + 3601), []);
                assert_eq!(holders(&known, prefix, owner, 9000), []);
            }
        }
    }

    #[test]
    fn who_originates_a_prefix_at_the_same_time_as_the_offender_is_not_its_holder() {
        let prefix: Prefix = "203.0.113.0/24".parse().unwrap();
        let known = KnownOrigins::default();
        known.learn(at(8500), prefix, Asn::new(64496));
        known.learn(at(9000), prefix, Asn::new(64666));
        assert_eq!(holders(&known, prefix, Asn::new(64666), 9000), []);
    }

    #[test]
    fn a_holder_that_is_learned_late_is_news() {
        let prefix: Prefix = "203.0.113.0/24".parse().unwrap();
        let (holder, offender) = (Asn::new(64496), Asn::new(64666));
        let known = KnownOrigins::default();
        assert_eq!(known.learn(at(9000), prefix, offender), None);
        // Ten minutes before are long enough.
        assert_eq!(known.learn(at(8500), prefix, holder), None);
        assert_eq!((known.learn(at(9001), prefix, offender), known.news()), (None, 0));
        assert_eq!(known.learn(at(8400), prefix, holder), None);
        assert_eq!(known.news(), 1);
        assert_eq!(known.learn(at(9500), prefix, holder), None);
        let taken = Taken { begun: 9000, holders: vec![holder] };
        assert_eq!((known.learn(at(9002), prefix, offender), known.news()), (Some(taken), 1));
    }

    #[test]
    fn what_was_learned_is_not_passed_over_when_it_matters() {
        // Naive: every route goes to the table.
        let known = KnownOrigins::default();
        let prefix = |n: u64| Prefix::from_bits(bgp::Family::Ipv4, u128::from(n) << 104, 24);
        let mut random = 1u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = |shift: u32, of: u64| (random >> shift) % of;
            let origin = Asn::new(u32::try_from(64_496 + pick(43, 4)).unwrap());
            let now = at(i64::try_from(pick(20, 9_000)).unwrap());
            let told = known.learn(now, prefix(pick(33, 200)), origin);
            assert_eq!(told, known.taken(prefix(pick(33, 200)), origin));
        }
    }

    #[test]
    fn prefixes_and_offenders_are_remembered_up_to_a_bound() {
        let mut offenders = Offenders::default();
        let many = 2 * u32::try_from(OFFENDERS_MAX).unwrap();
        for n in 0..many {
            offenders.note(at(n.into()), Asn::new(n));
        }
        assert_eq!(offenders.0.len(), OFFENDERS_MAX);
        assert!(offenders.0.contains_key(&Asn::new(many - 1)));
        let known = KnownOrigins::default();
        let prefix = "203.0.113.0/24".parse().unwrap();
        let full = (0..(PREFIXES_MAX / SHARDS) as u64).map(|n| (n, Origins([NOBODY, NOBODY])));
        let key = known.hasher.hash_one(prefix);
        known.shard(key).extend(full);
        assert_eq!(known.learn(at(1), prefix, Asn::new(1)), None);
        assert_eq!(known.shard(key).len(), PREFIXES_MAX / SHARDS);
    }
}

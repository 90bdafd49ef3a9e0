//! What happens, whatever fails: forty hijacks, each of another prefix and by another AS at some time, and decoys, by
//! a seed.

use std::sync::Arc;

use bgp::{
    AsPath, Asn, Change, Event, Family, Observation, Prefix, Route, Timestamp, Vantage, View,
};
use validator::{Classifier, Origins, RpkiSnapshot, Vrp, VrpTable, Watch, WatchList};

pub(super) const START: i64 = 1_800_000_000;
pub(super) const HIJACKS: u64 = 40;
/// How long things happen and fail.
pub(super) const STORY: u64 = 4 * 3600;
pub(super) const STEP: u64 = 20;
pub(super) const FEED: &str = "script";
pub(super) const ADDRESSES: [&str; 2] = ["night@example.net", "noc@example.net"];

/// So often many ASes hijack one prefix of ours at once.
const DECOYS: u64 = 3;
/// How many: more than what makes a storm.
const AT_ONCE: u64 = 8;
const VANTAGES: u64 = 20;
const OURS: u32 = 64_500;

/// Splitmix64: the same in every version of every library.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What the vantage points see.
pub(super) struct Script {
    /// By the second.
    pub(super) observations: Vec<(u64, Observation)>,
    /// When each of the forty begins.
    pub(super) hijacks: Vec<(u64, Prefix)>,
}

impl Script {
    /// Each begins at some time and ends within an hour.
    pub(super) fn new(random: &mut Random) -> Self {
        let mut script = Script { observations: Vec::new(), hijacks: Vec::new() };
        for number in 0..HIJACKS {
            let begin = random.below(STORY - 3600);
            let first = random.below(VANTAGES);
            script.hijack(random, begin, prefix(number), 1000 + number, first);
            script.hijacks.push((begin, prefix(number)));
        }
        for number in 0..DECOYS {
            let begin = random.below(STORY - 3600);
            for decoy in 0..AT_ONCE {
                let (begin, origin) = (begin + random.below(60), 2000 + number * AT_ONCE + decoy);
                script.hijack(random, begin, prefix(HIJACKS + number), origin, 2 * decoy);
            }
        }
        script.observations.sort_by_key(|(second, _)| *second);
        script
    }

    /// Two vantage points hold it, and then do not.
    fn hijack(&mut self, random: &mut Random, begin: u64, prefix: Prefix, origin: u64, first: u64) {
        let end = begin + STEP + random.below(3000);
        for number in [first, (first + 1) % VANTAGES] {
            let path = [3000 + number, origin].map(|asn| u32::try_from(asn).unwrap());
            let route = Route { path: AsPath::sequence(path), ..Route::default() };
            for (second, change) in
                [(begin, Change::Announce(route.into())), (end, Change::Withdraw)]
            {
                let at = Timestamp::from_seconds(START + i64::try_from(second).unwrap());
                let event = Event::Route { prefix, path_id: 0, change };
                self.observations
                    .push((second, Observation { at, vantage: vantage(number), event }));
            }
        }
    }
}

fn prefix(number: u64) -> Prefix {
    Prefix::from_bits(Family::Ipv4, u128::from(0xc612_0000 + (number << 8)) << 96, 24)
}

fn vantage(number: u64) -> Vantage {
    let asn = Asn::new(u32::try_from(3000 + number).unwrap());
    let address = [192, 0, 2, u8::try_from(number).unwrap()].into();
    Vantage { collector: "rrc00".into(), address, asn, view: View::AdjRibInPre, vrf: None }
}

/// All prefixes are watched, and there is no RPKI data yet.
pub(super) fn classifier() -> Classifier {
    let ours = Asn::new(OURS);
    let watch = |number| Watch::new(prefix(number), Origins::Only(vec![ours]), 24);
    let watches = (0..HIJACKS + DECOYS).map(watch);
    let watches = WatchList::new(watches, [ours]).unwrap();
    Classifier::new(watches.into(), Arc::default())
}

/// What a validator may say of our prefixes: all, a part, nothing.
pub(super) fn rpki(random: &mut Random) -> Arc<RpkiSnapshot> {
    let known = random.below(3) * HIJACKS / 2;
    let vrp = |number| Vrp::new(prefix(number), 24, Asn::new(OURS)).unwrap();
    RpkiSnapshot::of(VrpTable::new((0..known).map(vrp))).into()
}

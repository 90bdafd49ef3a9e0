use bgp::{Asn, Prefix};
use proptest::prelude::*;
use validator::{Vrp, VrpTable};

use super::*;

const AFTER: Duration = Duration::from_mins(30);

/// Smaller sets are not held back unless they are empty.
const SMALL: usize = 100;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_seconds(minutes * 60)
}

/// A set of so many VRPs; by trust anchor where it is named.
fn set(anchors: &[(&str, usize)]) -> Arc<RpkiSnapshot> {
    let count: u32 = anchors.iter().map(|(_, count)| u32::try_from(*count).unwrap()).sum();
    let prefix =
        |number: u32| Prefix::from_bits(bgp::Family::Ipv4, u128::from(number) << (96 + 8), 24);
    let vrp = |number| Vrp::new(prefix(number), 24, Asn::new(64_500)).unwrap();
    let mut snapshot = RpkiSnapshot::of(VrpTable::new((0..count).map(vrp)));
    let named = anchors.iter().filter(|(name, _)| !name.is_empty());
    snapshot.trust_anchors = named.map(|(name, count)| ((*name).to_owned(), *count)).collect();
    Arc::new(snapshot)
}

fn says(snapshot: &Arc<RpkiSnapshot>) -> SourceState {
    SourceState { name: "a".to_owned(), snapshot: Some(snapshot.clone()), ..Default::default() }
}

/// Sets of one source.
struct Lab(Beliefs);

impl Lab {
    fn new() -> Self {
        Lab(Beliefs::new(25, AFTER))
    }

    /// How many VRPs are in force after the source said this, and what is said of it.
    fn say(&mut self, minutes: i64, snapshot: &Arc<RpkiSnapshot>) -> (usize, Option<String>) {
        let state = self.0.weigh(at(minutes), vec![says(snapshot)]).remove(0);
        let told = state.held_back.map(|held_back| held_back.to_string()).or(state.trouble);
        (state.snapshot.map_or(0, |snapshot| snapshot.vrps.len()), told)
    }
}

fn held_back(what: &str, until: i64) -> Option<String> {
    Some(format!("{what}; not believed before {}", at(until)))
}

#[test]
fn a_set_that_collapses_is_believed_when_it_has_stood() {
    let mut lab = Lab::new();
    let (whole, half) = (set(&[("", 1000)]), set(&[("", 500)]));
    assert_eq!(lab.say(0, &whole), (1000, None));
    let told = held_back("500 VRPs where there were 1000", 40);
    assert_eq!(lab.say(10, &half), (1000, told.clone()));
    // Even less, and a little more, is held back since the same time.
    let less = held_back("400 VRPs where there were 1000", 40);
    assert_eq!(lab.say(20, &set(&[("", 400)])), (1000, less));
    assert_eq!(lab.say(39, &half), (1000, told));
    assert_eq!(lab.say(40, &half), (500, None));
    assert_eq!(lab.say(41, &whole), (1000, None));
}

#[test]
fn a_set_that_comes_back_was_never_believed() {
    let mut lab = Lab::new();
    let whole = set(&[("", 1000)]);
    lab.say(0, &whole);
    lab.say(10, &set(&[]));
    assert_eq!(lab.say(20, &set(&[("", 999)])), (999, None));
    // The clock of the next one begins anew.
    let told = held_back("0 VRPs where there were 999", 55);
    assert_eq!(lab.say(25, &set(&[])), (999, told));
}

#[test]
fn a_first_set_of_nothing_is_no_data_and_neither_is_one_that_stands() {
    let mut lab = Lab::new();
    let nothing = Some(NO_VRPS.to_owned());
    assert_eq!(lab.say(0, &set(&[])), (0, nothing.clone()));
    assert_eq!(lab.say(1, &set(&[("", 3)])), (3, None));
    assert_eq!(lab.say(2, &set(&[])).0, 3);
    assert_eq!(lab.say(32, &set(&[])), (0, nothing));
    assert_eq!(lab.say(33, &set(&[("", 3)])), (3, None));
}

#[test]
fn a_trust_anchor_counts_for_itself_and_small_sets_come_and_go() {
    let mut lab = Lab::new();
    lab.say(0, &set(&[("ripe", 2000), ("arin", 400), ("lab", 4)]));
    let told = held_back("200 VRPs of arin where there were 400", 31);
    assert_eq!(lab.say(1, &set(&[("ripe", 2000), ("arin", 200), ("lab", 4)])), (2404, told));
    assert_eq!(lab.say(2, &set(&[("ripe", 2000), ("arin", 399)])), (2399, None));
    let mut lab = Lab::new();
    lab.say(0, &set(&[("", 99)]));
    assert_eq!(lab.say(1, &set(&[("", 1)])), (1, None));
}

#[test]
fn a_second_source_that_works_confirms_and_an_empty_one_does_not() {
    let (whole, half, nothing) = (set(&[("", 1000)]), set(&[("", 500)]), set(&[]));
    let broken = SourceState { trouble: Some("gone".to_owned()), ..says(&half) };
    for (first, second, in_force) in [
        (&half, says(&half), 500),
        (&half, says(&whole), 1000),
        (&half, broken, 1000),
        (&nothing, says(&nothing), 1000),
    ] {
        let mut beliefs = Beliefs::new(25, AFTER);
        beliefs.weigh(at(0), vec![says(&whole), says(&whole)]);
        let states = beliefs.weigh(at(1), vec![says(first), second.clone()]);
        let found = states[0].snapshot.as_ref().unwrap().vrps.len();
        assert_eq!(found, in_force, "{second:?}");
    }
}

/// What stays in force keeps its age, so that it grows stale; the cache that says nothing is still there.
#[test]
fn what_stays_in_force_keeps_its_age() {
    let mut beliefs = Beliefs::new(25, AFTER);
    let state = |snapshot: &Arc<RpkiSnapshot>, minutes| SourceState {
        as_of: Some(at(minutes)),
        expires: Some(at(minutes + 60)),
        ..says(snapshot)
    };
    beliefs.weigh(at(0), vec![state(&set(&[("", 1000)]), 0)]);
    let found = beliefs.weigh(at(20), vec![state(&set(&[]), 20)]).remove(0);
    assert_eq!((found.as_of, found.expires), (Some(at(0)), Some(at(80))));
}

#[test]
fn data_end_with_their_last_vrp() {
    let vrp = |asn| Vrp::new("192.0.2.0/24".parse().unwrap(), 24, Asn::new(asn)).unwrap();
    let ends = |expiries: [Option<i64>; 2]| {
        let vrps = [1, 2].map(vrp).into_iter().zip(expiries.map(|end| end.map(at)));
        let snapshot = Arc::new(RpkiSnapshot::of(VrpTable::with_expiry(vrps)));
        let mut beliefs = Beliefs::new(25, AFTER);
        let state = beliefs.weigh(at(0), vec![says(&snapshot)]).remove(0);
        (state.expires, state.alive(at(5)).is_some())
    };
    assert_eq!(ends([Some(3), Some(4)]), (Some(at(4)), false));
    assert_eq!(ends([Some(3), Some(9)]), (Some(at(9)), true));
    assert_eq!(ends([Some(3), None]), (None, true));
}

proptest! {
    /// Whatever a source says: what is in force was said; it never lacks a quarter of what was in force
    /// before unless that has been said for half an hour; and what is said for so long is in force.
    #[test]
    fn nothing_collapses_at_once(sizes in proptest::collection::vec((0_i64..20, 0_usize..2_000), 1..40)) {
        let mut lab = Lab::new();
        let (mut now, mut in_force, mut held_back) = (0, 0, None);
        for (minutes, size) in sizes {
            now += minutes;
            let (found, _) = lab.say(now, &set(&[("", size)]));
            let collapses = in_force > 0
                && (size == 0 || in_force >= SMALL && (in_force - size.min(in_force)) * 4 >= in_force);
            if collapses {
                let since = *held_back.get_or_insert(now);
                prop_assert_eq!(found, if now - since >= 30 { size } else { in_force });
            } else {
                prop_assert_eq!(found, size);
            }
            if found == size {
                held_back = None;
            }
            in_force = found;
        }
    }

}

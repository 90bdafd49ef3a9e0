use super::*;
use crate::{Origins, Watch};

fn vrp(place: &str, max: u8, asn: u32) -> Vrp {
    Vrp::new(place.parse().unwrap(), max, Asn::new(asn)).unwrap()
}

fn snapshot(vrps: &[Vrp]) -> RpkiSnapshot {
    RpkiSnapshot::of(VrpTable::new(vrps.iter().copied()))
}

fn watches() -> WatchList {
    let watch = |place: &str, max_length| {
        Watch::new(place.parse().unwrap(), Origins::Only(vec![Asn::new(64500)]), max_length)
    };
    let watches = [watch("198.18.0.0/21", 24), watch("2001:db8::/32", 48)];
    WatchList::new(watches, [Asn::new(64500)]).unwrap()
}

fn routes() -> Vec<Announcement> {
    let mut routes = watches().announcements();
    routes.push(Announcement { prefix: "198.18.4.0/24".parse().unwrap(), origin: Asn::new(64500) });
    routes
}

fn told(changes: &[RoaChange]) -> Vec<String> {
    let text = |change: &RoaChange| {
        let effects: Vec<_> = change.effects.iter().map(Effect::to_string).collect();
        format!("{}: {}", change.change, effects.join(", "))
    };
    changes.iter().map(text).collect()
}

#[test]
fn a_shorter_max_length_is_one_change_with_its_effect() {
    let old = snapshot(&[vrp("198.18.0.0/21", 24, 64500), vrp("100.64.0.0/10", 10, 1)]);
    let new = snapshot(&[vrp("198.18.0.0/21", 21, 64500), vrp("100.64.0.0/10", 11, 1)]);
    let expected = ["changed 198.18.0.0/21-24 AS64500 to max length 21: \
                     198.18.4.0/24 AS64500 becomes invalid (length)"];
    assert_eq!(told(&roa_changes(&old, &new, &watches(), &routes())), expected);
    assert_eq!(roa_changes(&old, &old, &watches(), &routes()), []);
}

#[test]
fn only_what_concerns_us_is_told() {
    let kept = vrp("198.18.0.0/21", 24, 64500);
    let old = snapshot(&[kept, vrp("2001:db8::/32", 32, 64500), vrp("100.64.0.0/10", 10, 1)]);
    let new = snapshot(&[
        kept,
        vrp("100.64.0.0/10", 10, 2),
        vrp("198.18.0.0/20", 20, 1),
        vrp("198.18.5.0/24", 24, 1),
        vrp("203.0.113.0/24", 24, 64500),
        vrp("::/0", 0, 0),
    ]);
    let expected = [
        "added 198.18.0.0/20 AS1: ",
        "added 198.18.5.0/24 AS1: ",
        "added 203.0.113.0/24 AS64500: ",
        // Nothing covers us but a VRP that allows nobody.
        "added ::/0 AS0: 2001:db8::/32 AS64500 becomes invalid (as)",
        "removed 2001:db8::/32 AS64500: 2001:db8::/32 AS64500 becomes invalid (as)",
    ];
    assert_eq!(told(&roa_changes(&old, &new, &watches(), &routes())), expected);
}

#[test]
fn several_max_lengths_of_one_prefix_and_as() {
    let length = |max| vrp("198.18.0.0/21", max, 64500);
    let changes = roa_changes(
        &snapshot(&[length(21), length(22), length(23)]),
        &snapshot(&[length(22), length(24)]),
        &watches(),
        &[],
    );
    let changes: Vec<_> = changes.into_iter().map(|change| change.change).collect();
    let paired = VrpChange::MaxLength { from: length(21), to: length(24) };
    assert_eq!(changes, [paired, VrpChange::Removed(length(23))]);
}

#[test]
fn what_ends_soon_is_told_with_its_effect() {
    let at = Timestamp::from_seconds;
    let vrps = [
        (vrp("198.18.0.0/21", 24, 64500), Some(at(200))),
        (vrp("198.18.0.0/20", 20, 1), None),
        (vrp("2001:db8::/32", 32, 64500), Some(at(100))),
        (vrp("2001:db8::/32", 48, 64500), Some(at(999))),
        (vrp("100.64.0.0/10", 10, 1), Some(at(100))),
    ];
    let snapshot = RpkiSnapshot::of(VrpTable::with_expiry(vrps));
    let ask = |now, until| {
        let ending = roa_expiries(&snapshot, at(now), at(until), &watches(), &routes());
        let text = |end: &RoaExpiry| (end.at.seconds(), end.vrp, end.effects.len());
        ending.iter().map(text).collect::<Vec<_>>()
    };
    let both = [(100, vrps[2].0, 0), (200, vrps[0].0, 2)];
    assert_eq!(ask(50, 200), both);
    assert_eq!(ask(100, 200), both[1..]);
    assert_eq!(ask(200, 300), []);
}

#[test]
fn a_trust_anchor_that_collapses_is_told() {
    let anchors = |counts: &[(&str, usize)]| RpkiSnapshot {
        trust_anchors: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        ..RpkiSnapshot::default()
    };
    let old = anchors(&[("arin", 1000), ("ripe", 1000), ("apnic", 1000), ("test", 99)]);
    let new = anchors(&[("arin", 801), ("ripe", 800), ("new", 1)]);
    let loss = |name: &str, after| TrustAnchorLoss { name: name.to_owned(), before: 1000, after };
    assert_eq!(trust_anchor_losses(&old, &new, 20), [loss("apnic", 0), loss("ripe", 800)]);
    assert_eq!(trust_anchor_losses(&old, &anchors(&[]), 20), []);
    assert_eq!(trust_anchor_losses(&old, &old, 0), []);
}

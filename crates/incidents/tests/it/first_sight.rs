//! What is known of an incident when it is first told: since when, by how many of how many, through whom.

use bgp::Asn;
use incidents::IncidentChange;
use validator::{
    IncidentKind, Origins, RpkiSnapshot, Severity, ValidationState, Vrp, VrpTable, Watch,
};

use crate::lab::{FIRST, Lab, MINUTE, at, line, prefix, rules, watch};

/// Within our max_length, and nothing that we announced before.
const MORE_SPECIFIC: &str = "198.18.1.0/24";

#[test]
fn first_sight_is_the_first_whoever_saw_it_and_whatever_became_of_it() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.recover(MINUTE, 10, FIRST);
    for n in 11..14 {
        lab.hijack(9 * MINUTE, n, FIRST);
    }
    let told = lab.last();
    assert_eq!((told.first_seen, told.since, told.at), (at(0), at(0), at(9 * MINUTE)));
    assert_eq!(told.evidence[0].at, at(0));
    assert_eq!((told.vantage.holding, told.vantage.ever), (2, 3));
}

#[test]
fn what_few_saw_is_forgotten_when_it_is_old() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.recover(MINUTE, 10, FIRST);
    lab.hijack(16 * MINUTE, 11, FIRST);
    lab.hijack(16 * MINUTE, 12, FIRST);
    assert_eq!(lab.last().first_seen, at(16 * MINUTE));
}

#[test]
fn after_a_cold_start_the_total_is_a_least_one_and_doubling_is_an_update() {
    let mut lab = Lab::new();
    for n in 0..20 {
        lab.hijack(i64::from(n) * MINUTE, n, FIRST);
    }
    lab.tick(60 * MINUTE);
    let counts = |holding| (holding, holding, true);
    let seen = lab.notices.iter().map(|notice| {
        let vantage = &notice.vantage;
        (vantage.holding, vantage.total, vantage.at_least)
    });
    assert_eq!(seen.collect::<Vec<_>>(), [2, 16].map(counts));
    assert!(lab.notices[1].changes.contains(&IncidentChange::HeldBy(16)));
}

#[test]
fn the_total_is_known_where_others_have_told_of_the_prefix() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    // One that was not heard before is not enough to make it doubtful.
    lab.hijack(0, 50, FIRST);
    let vantage = &lab.last().vantage;
    assert_eq!((vantage.total, vantage.at_least), (40, false));
}

#[test]
fn a_more_specific_behind_an_as_that_never_stood_next_to_us_is_told_without_any_config() {
    let mut lab = Lab::with_baseline();
    for n in [10, 11] {
        lab.announce(0, n, MORE_SPECIFIC, &[100 + n, 3356, 209_243, 64500]);
    }
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2)]);
    let told = lab.last();
    assert_eq!((told.kind, told.severity), (IncidentKind::FirstHop, Severity::Warning));
    assert_eq!(told.offenders[0].asn, Asn::new(209_243));
    // Told again, after a restart too, it is the same; and its end is one.
    lab.restart();
    for n in [10, 11] {
        lab.announce(30 * MINUTE, n, MORE_SPECIFIC, &[100 + n, 3356, 3356, 209_243, 64500]);
        lab.withdraw(31 * MINUTE, n, MORE_SPECIFIC);
    }
    lab.tick(60 * MINUTE);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(46 * MINUTE, "RESOLVED", 0)]);
}

#[test]
fn without_a_route_to_the_watched_prefix_nobody_knows_who_stands_next_to_us() {
    let mut lab = Lab::new();
    for n in 10..14 {
        lab.announce(0, n, MORE_SPECIFIC, &[100 + n, 64510, 64500]);
        lab.announce(20 * MINUTE, n, MORE_SPECIFIC, &[100 + n, 64520, 64500]);
    }
    assert_eq!(lab.timeline(), []);
}

#[test]
fn what_stood_next_to_us_before_and_what_a_first_table_tells_is_no_news() {
    let mut lab = Lab::with_baseline();
    // Next to us on the way to this prefix, at another vantage point.
    lab.announce(0, 10, MORE_SPECIFIC, &[110, 3356, 64510, 64500]);
    // The table of a vantage point that was not heard before.
    lab.announce(0, 60, FIRST, &[160, 64510, 64500]);
    lab.announce(0, 60, MORE_SPECIFIC, &[160, 64520, 64500]);
    lab.announce(0, 61, MORE_SPECIFIC, &[161, 64520, 64500]);
    // And so it is known later on.
    lab.announce(30 * MINUTE, 12, MORE_SPECIFIC, &[112, 64520, 64500]);
    // A new transit of the watched prefix itself is learned in time.
    lab.announce(0, 13, FIRST, &[113, 64530, 64500]);
    lab.announce(30 * MINUTE, 14, MORE_SPECIFIC, &[114, 64530, 64500]);
    lab.announce(30 * MINUTE, 15, MORE_SPECIFIC, &[115, 64530, 64500]);
    assert_eq!(lab.timeline(), []);
}

/// 17 August 2022: AS209243 announced 44.235.216.0/24 of Amazon with a forged path, inside of 44.224.0.0/11 whose ROAs
/// allow that length: RPKI-valid, and the bridge of Celer ended up elsewhere for three hours.
#[test]
fn a_forged_path_in_front_of_a_valid_more_specific_is_told() {
    let watch =
        Watch::new(prefix("44.224.0.0/11"), Origins::Only([14618, 16509].map(Asn::new).into()), 24);
    let mut lab = Lab::with(vec![watch], rules());
    let vrps =
        [14618, 16509].map(|asn| Vrp::new(prefix("44.224.0.0/11"), 24, Asn::new(asn)).unwrap());
    let snapshot = RpkiSnapshot::of(VrpTable::new(vrps));
    lab.classifier = lab.classifier.with_snapshot(snapshot.into());
    for n in 0..40 {
        let transit = [1299, 3356, 6461][n as usize % 3];
        lab.announce(-3600, n, "44.224.0.0/11", &[100 + n, transit, 16509]);
    }
    for n in 10..14 {
        lab.announce(0, n, "44.235.216.0/24", &[100 + n, 1299, 209_243, 14618]);
    }
    let told = lab.last();
    assert_eq!((told.kind, told.severity), (IncidentKind::FirstHop, Severity::Warning));
    assert_eq!(told.offenders[0].asn, Asn::new(209_243));
    assert_eq!(told.prefixes[0].rov.state(), ValidationState::Valid);
    let hops = lab.incidents.view().first_hops(prefix("44.224.0.0/11"));
    assert_eq!(hops.iter().map(|hop| hop.asn.number()).collect::<Vec<_>>(), [1299, 3356, 6461]);
    assert_eq!(hops[0].since, Some(at(-3600)));
}

#[test]
fn who_is_accepted_stands_next_to_us_rightly() {
    let mut lab = Lab::with_baseline();
    for n in [10, 11] {
        lab.announce(0, n, MORE_SPECIFIC, &[100 + n, 3356, 209_243, 64500]);
    }
    let id = lab.last().incident.clone();
    assert!(lab.incidents.view().can_be_accepted(&id));
    lab.incidents.accept(at(60), &id);
    lab.drain();
    lab.restart();
    lab.tick(30 * MINUTE);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(16 * MINUTE, "RESOLVED", 0)]);
    let hops = lab.incidents.view().first_hops(prefix(FIRST));
    let hop = hops.iter().find(|hop| hop.asn.number() == 209_243).unwrap();
    assert!(hop.accepted);
    // Neither is another route through it news, nor one that the config would call strange.
    for n in [12, 13] {
        lab.announce(40 * MINUTE, n, "198.18.2.0/24", &[100 + n, 209_243, 64500]);
    }
    lab.tick(60 * MINUTE);
    assert_eq!(lab.notices.len(), 2);
}

#[test]
fn who_is_accepted_is_no_stranger_to_the_upstreams_of_the_config() {
    let mut named = watch(FIRST);
    named.upstreams = Some(vec![Asn::new(64510)]);
    let mut lab = Lab::with(vec![named], rules());
    for n in [10, 11] {
        lab.announce(0, n, FIRST, &[100 + n, 209_243, 64500]);
    }
    assert_eq!(lab.last().kind, IncidentKind::FirstHop);
    lab.incidents.accept(at(60), &lab.last().incident.clone());
    for n in 12..20 {
        lab.announce(MINUTE, n, FIRST, &[100 + n, 209_243, 64500]);
    }
    lab.tick(30 * MINUTE);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(16 * MINUTE, "RESOLVED", 0)]);
    // A hijack cannot be accepted.
    lab.hijack(40 * MINUTE, 10, FIRST);
    lab.hijack(40 * MINUTE, 11, FIRST);
    assert!(!lab.incidents.view().can_be_accepted(&lab.last().incident));
}

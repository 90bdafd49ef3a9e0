//! What is known of an incident when it is first told: since when, by how many of how many, through whom.

use bgp::Asn;
use incidents::IncidentChange;
use validator::{IncidentKind, Severity};

use crate::lab::{FIRST, Lab, MINUTE, at, line};

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

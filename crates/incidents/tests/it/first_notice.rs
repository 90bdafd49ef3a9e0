//! What the first notice waits for, and what later ones do not wait for.

use std::time::Duration;

use bgp::Asn;
use incidents::{ExtentClass, IncidentChange, Rules, State};

use crate::lab::{FIRST, Lab, MINUTE, SECOND, at, line, prefix, rules, watch};

const MORE_SPECIFIC: &str = "198.18.1.0/24";

/// Forty vantage points that hold our prefixes, and holders that gather as long as the config has it.
fn gathering() -> Lab {
    gathering_with(|_| {})
}

fn gathering_with(change: impl FnOnce(&mut Rules)) -> Lab {
    let mut rules = Rules { open_after: Rules::default().open_after, ..rules() };
    change(&mut rules);
    let mut lab = Lab::with(vec![watch(FIRST), watch(SECOND)], rules);
    lab.fill();
    lab
}

#[test]
fn the_first_notice_tells_of_those_who_came_within_seconds() {
    let mut lab = gathering();
    for n in 10..14 {
        lab.hijack(i64::from(n) - 10, n, FIRST);
    }
    // Two hold it from second one on; a third and a fourth come before it is told.
    assert_eq!(lab.incidents.view().summaries()[0].state, State::Suspected);
    assert_eq!(lab.incidents.next_timeout(), Some(at(6)));
    lab.tick(6);
    assert_eq!(lab.timeline(), [line(6, "OPEN", 4)]);
    assert_eq!((lab.last().first_seen, lab.last().at), (at(0), at(6)));
}

#[test]
fn nobody_waits_where_more_than_a_tenth_hold_it_or_a_router_of_ours() {
    let mut lab = gathering();
    for n in 10..15 {
        lab.hijack(0, n, FIRST);
    }
    // The fifth of forty is past 10 %.
    assert_eq!(lab.timeline(), [line(0, "OPEN", 5)]);
    let mut lab = gathering_with(|rules| {
        rules.min_vantage_ases_of = [("rrc00".to_owned(), 1)].into();
    });
    lab.hijack(0, 10, FIRST);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 1)]);
}

#[test]
fn where_nobody_knows_of_how_many_holders_gather() {
    let mut lab =
        Lab::with(vec![watch(FIRST)], Rules { open_after: Duration::from_secs(5), ..rules() });
    for n in 0..20 {
        lab.hijack(i64::from(n / 5), n, FIRST);
    }
    lab.tick(5);
    assert_eq!(lab.timeline(), [line(5, "OPEN", 20)]);
    assert!(lab.last().vantage.at_least);
}

#[test]
fn what_was_over_before_it_was_told_is_told_and_ends() {
    let mut lab = gathering();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.recover(2, 10, FIRST);
    lab.recover(2, 11, FIRST);
    lab.tick(60 * MINUTE);
    assert_eq!(lab.timeline(), [line(5, "OPEN", 0), line(15 * MINUTE + 5, "RESOLVED", 0)]);
    assert_eq!(lab.notices[0].vantage.ever, 2);
}

#[test]
fn what_comes_back_gathers_too_and_a_restart_forgets_nothing() {
    let mut lab = gathering();
    for second in [0, 3600] {
        lab.hijack(second, 10, FIRST);
        lab.hijack(second, 11, FIRST);
        lab.restart_under(Rules { open_after: Duration::from_secs(5), ..rules() });
        lab.hijack(second + 3, 12, FIRST);
        lab.tick(second + 10);
        for n in 10..13 {
            lab.recover(second + 60, n, FIRST);
        }
        lab.tick(second + 60 + 15 * MINUTE);
    }
    let told = [
        line(5, "OPEN", 3),
        line(16 * MINUTE, "RESOLVED", 0),
        line(3605, "REOPENED", 3),
        line(3600 + 16 * MINUTE, "RESOLVED", 0),
    ];
    assert_eq!(lab.timeline(), told);
}

#[test]
fn at_the_end_of_the_input_what_was_gathering_is_told() {
    let mut lab = gathering();
    lab.hijack(0, 10, FIRST);
    lab.hijack(1, 11, FIRST);
    lab.incidents.finish(at(1));
    lab.drain();
    assert_eq!(lab.timeline(), [line(1, "OPEN", 2)]);
}

#[test]
fn what_makes_it_worse_is_told_at_once_and_what_makes_it_wider_waits() {
    let worse = [
        (12, MORE_SPECIFIC, vec![112, 4651, 4761], IncidentChange::Prefix(prefix(MORE_SPECIFIC))),
        (12, SECOND, vec![112, 4651, 4761], IncidentChange::Prefix(prefix(SECOND))),
        (3, FIRST, vec![103, 4651, 4761], IncidentChange::SeenIn("GB".parse().unwrap())),
        (12, FIRST, vec![112, 64510, 4761], IncidentChange::Upstream(Asn::new(64510))),
    ];
    for (n, announced, path, change) in worse {
        let mut lab = gathering();
        lab.hijack(0, 10, FIRST);
        lab.hijack(0, 11, FIRST);
        lab.tick(5);
        lab.announce(MINUTE, n, announced, &path);
        assert_eq!(
            lab.timeline(),
            [line(5, "OPEN", 2), line(MINUTE, "UPDATE 01", 3)],
            "{change:?}"
        );
        assert_eq!(lab.last().changes[0], change);
    }
    let mut lab = gathering();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.tick(5);
    (12..40).for_each(|n| lab.hijack(MINUTE, n, FIRST));
    assert_eq!(lab.timeline().len(), 1);
    lab.tick(20 * MINUTE);
    assert_eq!(lab.timeline()[1], line(15 * MINUTE + 5, "UPDATE 01", 30));
}

#[test]
fn a_leak_over_one_prefix_after_the_other_makes_few_mails() {
    let watches: Vec<_> = (0..64).map(|n| watch(&format!("198.18.{n}.0/24"))).collect();
    let open_after = Duration::from_secs(5);
    let mut lab = Lab::with(watches, Rules { open_after, ..rules() });
    lab.fill_with(&[64510, 64500], (0..64).map(|n| format!("198.18.{n}.0/24")));
    for n in 0..64 {
        for vantage in [10, 11] {
            lab.hijack(n * 20, vantage, &format!("198.18.{n}.0/24"));
        }
    }
    lab.tick(2 * 3600);
    let seconds: Vec<i64> = lab.timeline().iter().map(|(second, ..)| *second).collect();
    // Once at once, then after one, two, four and eight minutes, and whatever is left after fifteen.
    assert_eq!(seconds, [5, 20, 80, 200, 440, 920, 1820]);
    assert_eq!(lab.last().prefix_count, 64);
}

#[test]
fn that_it_hits_many_others_corrects_the_first_notice_at_once() {
    let mut lab = gathering();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.tick(5);
    assert_eq!(lab.last().extent.class, ExtentClass::Targeted);
    (0..50).for_each(|n| lab.hijack(10, 10, &format!("203.{n}.0.0/16")));
    assert_eq!(lab.timeline(), [line(5, "OPEN", 2), line(10, "UPDATE 01", 2)]);
    assert_eq!(lab.last().changes, [IncidentChange::Mass]);
    assert_eq!(lab.last().extent.class, ExtentClass::Mass);
}

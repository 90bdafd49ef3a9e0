//! Who carries our prefixes.

use validator::{IncidentKind, Severity};

use crate::lab::{FIRST, Lab, MINUTE, SECOND, at, prefix, rules, watch};

fn statuses(lab: &Lab) -> Vec<String> {
    lab.notices.iter().map(|notice| notice.status()).collect()
}

#[test]
fn a_prefix_that_half_of_its_vantage_points_lost_is_told_and_again_when_it_is_back() {
    let mut lab = Lab::with_baseline();
    for n in 0..20 {
        lab.withdraw(i64::from(n), n, FIRST);
    }
    // Twenty of forty is still half.
    assert_eq!(statuses(&lab), Vec::<String>::new());
    lab.withdraw(20, 20, FIRST);
    // It must last.
    lab.tick(20 + 2 * MINUTE - 1);
    assert_eq!(statuses(&lab), Vec::<String>::new());
    lab.tick(20 + 2 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN"]);
    let notice = lab.last();
    assert_eq!((notice.kind, notice.severity), (IncidentKind::VisibilityLoss, Severity::Critical));
    assert_eq!(notice.subject, FIRST);
    assert_eq!((notice.vantage.holding, notice.vantage.total), (19, 40));
    assert_eq!(notice.first_seen, at(20));
    assert_eq!(notice.prefixes[0].announced, prefix(FIRST));
    assert_eq!(
        notice.details,
        [
            "19 of 40 vantage points that had it still carry it, under the floor of 50 %",
            "gone from AS100, AS101, AS102, AS103, AS104, AS105, AS106, AS107, AS108, AS109, AS110, \
             AS111 and 9 more",
        ]
    );
    for n in 0..20 {
        lab.recover(5 * MINUTE + i64::from(n), n, FIRST);
    }
    lab.tick(30 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
    let gone_since = lab.last().last_seen.since(lab.last().first_seen);
    // Half of them have it again with the first that recovers.
    assert_eq!(gone_since.as_secs(), 280);
}

#[test]
fn a_prefix_that_is_gone_everywhere_is_told_as_such() {
    let mut lab = Lab::with_baseline();
    for n in 0..40 {
        lab.withdraw(i64::from(n), n, FIRST);
    }
    lab.tick(20 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN"]);
    assert!(
        lab.last().details.contains(&"none of 40 vantage points that had it carries it".into())
    );
}

#[test]
fn being_hijacked_blind_or_down_is_not_being_invisible() {
    let mut lab = Lab::with_baseline();
    for n in 0..40 {
        lab.hijack(i64::from(n), n, FIRST);
    }
    assert!(lab.notices.iter().all(|notice| notice.kind == IncidentKind::OriginHijack));
    let mut lab = Lab::with_baseline();
    for n in 0..39 {
        lab.down(i64::from(n), n);
    }
    assert_eq!(statuses(&lab), Vec::<String>::new());
    let mut lab = Lab::with_baseline();
    for n in 0..40 {
        lab.gap(i64::from(n), n);
    }
    lab.tick(86_400);
    assert_eq!(statuses(&lab), Vec::<String>::new());
}

#[test]
fn that_nobody_is_left_to_ask_does_not_end_it() {
    let mut lab = Lab::with_baseline();
    for n in 0..40 {
        lab.withdraw(i64::from(n), n, FIRST);
    }
    lab.tick(200);
    for n in 0..40 {
        lab.down(200 + i64::from(n), n);
    }
    lab.tick(3600);
    assert_eq!(statuses(&lab), ["OPEN"]);
}

#[test]
fn the_floor_is_of_the_watch_and_a_single_vantage_as_is_too_few() {
    let mut low = watch(FIRST);
    low.visibility = 10;
    let mut off = watch(SECOND);
    off.visibility = 0;
    let mut lab = Lab::with(vec![low, off], rules());
    for n in 0..10 {
        lab.recover(-60, n, FIRST);
        lab.recover(-60, n, SECOND);
    }
    for n in 0..10 {
        lab.withdraw(i64::from(n), n, SECOND);
    }
    for n in 0..9 {
        lab.withdraw(i64::from(n), n, FIRST);
    }
    assert_eq!(statuses(&lab), Vec::<String>::new());
    lab.withdraw(10, 9, FIRST);
    lab.tick(130);
    assert_eq!(statuses(&lab), ["OPEN"]);
    // One vantage AS, by two sessions.
    let mut lab = Lab::new();
    for n in [5, 1005] {
        lab.recover(0, n, FIRST);
        lab.withdraw(1, n, FIRST);
    }
    assert_eq!(statuses(&lab), Vec::<String>::new());
}

#[test]
fn a_loss_that_does_not_last_is_not_told() {
    let mut lab = Lab::with_baseline();
    for minute in 0..10 {
        for n in 0..40 {
            lab.withdraw(minute * 10 * MINUTE, n, FIRST);
        }
        lab.tick(minute * 10 * MINUTE + 119);
        for n in 0..40 {
            lab.recover(minute * 10 * MINUTE + 119, n, FIRST);
        }
    }
    lab.tick(86_400);
    assert_eq!(statuses(&lab), Vec::<String>::new());
}

#[test]
fn the_end_of_a_hijack_is_no_loss_where_ours_never_stood() {
    // Our transits do not send our own route back to us: the hijack was all that they carried.
    let mut lab = Lab::with(vec![watch(FIRST), watch(SECOND)], rules());
    for n in 0..40 {
        lab.hijack(i64::from(n), n, FIRST);
    }
    for n in 0..40 {
        lab.withdraw(10 * MINUTE + i64::from(n), n, FIRST);
    }
    lab.tick(60 * MINUTE);
    assert!(lab.notices.iter().all(|notice| notice.kind == IncidentKind::OriginHijack));
    assert_eq!(lab.last().status(), "RESOLVED");
}

#[test]
fn where_a_hijack_displaced_our_route_and_nothing_comes_back_it_is_a_loss() {
    let mut lab = Lab::with_baseline();
    for n in 0..40 {
        lab.hijack(i64::from(n), n, FIRST);
    }
    for n in 0..40 {
        lab.withdraw(10 * MINUTE + i64::from(n), n, FIRST);
    }
    lab.tick(60 * MINUTE);
    let lost = lab.notices.iter().filter(|notice| notice.kind == IncidentKind::VisibilityLoss);
    let lost: Vec<_> = lost.collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].status(), "OPEN");
    // Ten vantage points are the least that a loss is believed of.
    assert_eq!(lost[0].first_seen, at(10 * MINUTE + 9));
}

#[test]
fn the_fall_from_five_of_twelve_to_one_is_an_update() {
    let mut lab = Lab::with(vec![watch(FIRST)], rules());
    for n in 0..12 {
        lab.recover(-60, n, FIRST);
    }
    for n in 0..7 {
        lab.withdraw(0, n, FIRST);
    }
    lab.tick(2 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN"]);
    for n in 7..11 {
        lab.withdraw(3 * MINUTE, n, FIRST);
    }
    lab.tick(30 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "UPDATE 01"]);
    assert_eq!((lab.last().vantage.holding, lab.last().vantage.total), (1, 12));
}

#[test]
fn a_flapping_prefix_is_one_incident_that_says_so_and_ends_when_it_is_still() {
    let mut lab = Lab::with_baseline();
    const EVERY: i64 = 30 * MINUTE;
    for time in 0..11 {
        for n in 0..40 {
            lab.withdraw(time * EVERY, n, FIRST);
        }
        lab.tick(time * EVERY + 5 * MINUTE);
        for n in 0..40 {
            lab.recover(time * EVERY + 5 * MINUTE, n, FIRST);
        }
    }
    lab.tick(86_400);
    assert_eq!(
        statuses(&lab),
        ["OPEN", "RESOLVED", "REOPENED", "RESOLVED", "REOPENED", "RESOLVED"]
    );
    let last = lab.last();
    let flapping = last.flapping.unwrap();
    assert_eq!((flapping.times, flapping.since), (11, at(0)));
    // The last time was over at 5 h 5 min, and four times a quarter of an hour of quiet came after it.
    assert_eq!(last.at, at(10 * EVERY + 5 * MINUTE + 60 * MINUTE));
}

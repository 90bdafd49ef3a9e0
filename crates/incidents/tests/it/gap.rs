//! A gap in a feed: routes that nobody tells of any more are neither there nor gone.

use incidents::{FeedGap, State};

use crate::lab::{FIRST, FORGET_AFTER, Lab, MINUTE, SECOND, feed_gap};

fn state(lab: &Lab) -> State {
    lab.incidents.view().summaries()[0].state
}

fn statuses(lab: &Lab) -> Vec<String> {
    lab.notices.iter().map(|notice| notice.status()).collect()
}

#[test]
fn what_is_told_again_after_a_gap_goes_on_as_if_there_had_been_none() {
    let mut lab = Lab::hijacked_before_a_gap();
    assert_eq!(state(&lab), State::Clearing);
    lab.hijack(11 * MINUTE, 10, FIRST);
    assert_eq!(state(&lab), State::Open);
    lab.hijack(12 * MINUTE, 13, FIRST);
    lab.hijack(13 * MINUTE, 13, SECOND);
    lab.tick(30 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "UPDATE 01"]);
    assert_eq!((lab.last().vantage.holding, lab.last().vantage.unconfirmed), (2, 0));
}

#[test]
fn a_gap_alone_resolves_nothing_until_the_routes_are_given_up() {
    let mut lab = Lab::hijacked_before_a_gap();
    let given_up = 10 * MINUTE + i64::try_from(FORGET_AFTER.as_secs()).unwrap();
    lab.tick(given_up + 15 * MINUTE - 1);
    assert_eq!(statuses(&lab), ["OPEN"]);
    lab.tick(given_up + 15 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
    assert_eq!(lab.last().vantage.given_up, 2);
}

#[test]
fn one_that_is_told_again_keeps_it_open_and_the_other_is_said_to_be_unconfirmed() {
    let mut lab = Lab::hijacked_before_a_gap();
    lab.hijack(20 * MINUTE, 10, SECOND);
    assert_eq!(statuses(&lab), ["OPEN", "UPDATE 01"]);
    let vantage = &lab.last().vantage;
    assert_eq!((vantage.holding, vantage.unconfirmed, vantage.given_up), (2, 1, 0));
    assert_eq!(lab.last().state, State::Open);
}

#[test]
fn a_notice_says_which_gaps_fell_into_its_incident() {
    let said = |gaps: Vec<FeedGap>| {
        let lab = Lab::hijacked_with_gaps(gaps);
        lab.last().feeds[0].gaps.clone()
    };
    let (before, within) = (feed_gap(None, 60, Some(120)), feed_gap(None, 660, Some(700)));
    assert_eq!(said(vec![before.clone()]), vec![]);
    assert_eq!(said(vec![before, within.clone()]), vec![within]);
    let both = vec![feed_gap(Some("edge1"), 900, Some(960)), feed_gap(Some("edge2"), 1080, None)];
    assert_eq!(said(both.clone()), both);
}

#[test]
fn a_table_told_whole_ends_staleness() {
    let mut lab = Lab::hijacked_before_a_gap();
    lab.recover(11 * MINUTE, 10, FIRST);
    lab.end_of_rib(12 * MINUTE, 10);
    assert_eq!(state(&lab), State::Clearing);
    lab.end_of_rib(13 * MINUTE, 13);
    lab.tick(28 * MINUTE - 1);
    assert_eq!(statuses(&lab), ["OPEN"]);
    lab.tick(28 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
    assert_eq!(lab.last().vantage.given_up, 0);
}

#[test]
fn a_gap_between_two_sights_does_not_hide_a_hijack() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.gap(1, 10);
    assert_eq!(statuses(&lab), Vec::<String>::new());
    lab.hijack(2, 13, FIRST);
    assert_eq!(statuses(&lab), ["OPEN"]);
    assert_eq!((lab.last().vantage.holding, lab.last().vantage.unconfirmed), (2, 1));
}

const HIJACK: [u32; 3] = [110, 4651, 4761];
const OWN: [u32; 3] = [110, 64510, 64500];

#[test]
fn what_a_table_tells_is_told_as_it_was_when_it_was_written() {
    let mut lab = Lab::new();
    lab.restore(0, -1800, 0, SECOND, &OWN);
    lab.restore(0, -1800, 10, FIRST, &HIJACK);
    lab.restore(0, -900, 13, FIRST, &[113, 4651, 4761]);
    assert_eq!(statuses(&lab), ["OPEN"]);
    let vantage = &lab.last().vantage;
    assert_eq!((vantage.holding, vantage.unconfirmed, vantage.total), (2, 2, 3));
    assert_eq!(lab.last().first_seen, crate::lab::at(-1800));
    // Until somebody tells of it.
    assert_eq!(state(&lab), State::Clearing);
    lab.hijack(60, 13, FIRST);
    assert_eq!(state(&lab), State::Open);
    lab.withdraw(120, 13, FIRST);
    lab.withdraw(120, 10, FIRST);
    lab.tick(120 + 15 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
    assert_eq!(lab.last().vantage.total, 3);
}

#[test]
fn a_table_stands_back_behind_what_was_told() {
    let mut lab = Lab::new();
    for n in [10, 13] {
        lab.recover(0, n, FIRST);
        // Even where its clock is ahead.
        lab.restore(1, 600, n, FIRST, &HIJACK);
    }
    assert_eq!(statuses(&lab), Vec::<String>::new());
    // After a gap a table that was written since knows more, and one from before does not.
    for n in [10, 13] {
        lab.gap(2, n);
        lab.restore(700, -1, n, FIRST, &HIJACK);
    }
    assert_eq!(statuses(&lab), Vec::<String>::new());
    for n in [10, 13] {
        lab.restore(700, 600, n, FIRST, &HIJACK);
    }
    assert_eq!(statuses(&lab), ["OPEN"]);
}

#[test]
fn what_only_a_table_told_is_given_up_when_it_is_too_old() {
    let mut lab = Lab::new();
    let long = i64::try_from(FORGET_AFTER.as_secs()).unwrap();
    for n in [10, 13] {
        lab.restore(0, -1800, n, FIRST, &HIJACK);
    }
    lab.tick(long - 1801 + 15 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN"]);
    lab.tick(long - 1800 + 15 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
    assert_eq!(lab.last().vantage.given_up, 2);
}

#[test]
fn a_verdict_that_changes_does_not_end_staleness() {
    let mut lab = Lab::hijacked_before_a_gap();
    lab.classifier =
        lab.classifier.with_snapshot(std::sync::Arc::new(validator::RpkiSnapshot::default()));
    let Lab { classifier, incidents, .. } = &mut lab;
    let judge = |prefix, route: &_, vantage: &_| classifier.judge(prefix, route, vantage);
    incidents.judge_again(crate::lab::at(11 * MINUTE), judge);
    lab.drain();
    assert_eq!(state(&lab), State::Clearing);
    lab.hijack(20 * MINUTE, 10, SECOND);
    assert_eq!((lab.last().vantage.holding, lab.last().vantage.unconfirmed), (2, 1));
}

/// A hijack must not end because its sender damages what comes next.
#[test]
fn a_route_that_cannot_be_read_makes_the_one_before_stale_and_resolves_nothing() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(1, 13, FIRST);
    lab.unreadable(MINUTE, 10, FIRST);
    assert_eq!(state(&lab), State::Open, "the other one is certain");
    lab.unreadable(MINUTE, 13, FIRST);
    lab.tick(30 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN"]);
    assert_eq!(state(&lab), State::Clearing);
    lab.hijack(31 * MINUTE, 10, FIRST);
    assert_eq!((state(&lab), statuses(&lab)), (State::Open, vec!["OPEN".to_owned()]));
    // Where nothing stood before, nothing is stale.
    lab.unreadable(32 * MINUTE, 20, SECOND);
    lab.recover(33 * MINUTE, 10, FIRST);
    lab.recover(33 * MINUTE, 13, FIRST);
    lab.tick(60 * MINUTE);
    assert_eq!(statuses(&lab), ["OPEN", "RESOLVED"]);
}

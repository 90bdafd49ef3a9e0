//! What is said of a gap in a feed: what nobody knows, and for how long nobody knew.

use alerter::notice_text;
use incidents::{FeedGap, Notice};
use jiff::tz::TimeZone;

use crate::annotated::annotated;
use crate::lab::{FORGET_AFTER, Lab, SECOND, feed_gap};

const MINUTE: i64 = 60;

/// The text, in one line.
fn words(notice: &Notice) -> String {
    let text = notice_text(&annotated(notice), &TimeZone::UTC);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_vantage_point_that_is_not_heard_of_again_is_said_to_be_given_up() {
    let mut lab = Lab::hijacked_before_a_gap();
    let given_up = 10 * MINUTE + i64::try_from(FORGET_AFTER.as_secs()).unwrap();
    lab.tick(given_up + 15 * MINUTE);
    let said = "2 vantage points were not heard of again after a gap in a feed";
    assert!(words(lab.last()).contains(said), "{}", words(lab.last()));
}

#[test]
fn one_that_was_not_heard_of_yet_is_said_to_be_unconfirmed() {
    let mut lab = Lab::hijacked_before_a_gap();
    lab.hijack(20 * MINUTE, 10, SECOND);
    assert!(words(lab.last()).contains("1 of these is unconfirmed"));
}

#[test]
fn gaps_are_told_with_their_length() {
    let said = |gaps: Vec<FeedGap>| {
        let lab = Lab::hijacked_with_gaps(gaps);
        let words = words(lab.last());
        let (_, sight) = words.split_once("Data sources: ").unwrap();
        sight.split_once(';').unwrap().0.to_owned()
    };
    let (before, within) = (feed_gap(None, 60, Some(120)), feed_gap(None, 660, Some(700)));
    assert_eq!(said(vec![before.clone()]), "1 feed");
    assert_eq!(said(vec![before, within]), "1 feed, a gap of 40 s in rrc00");
    // One that lasts counts up to the notice.
    let both = vec![feed_gap(Some("edge1"), 900, Some(960)), feed_gap(Some("edge2"), 1080, None)];
    assert_eq!(said(both), "1 feed, 2 gaps of 3 min in total in rrc00");
}

use std::time::Instant;

use super::*;
use crate::{RisLiveMode, Tristate};

/// So many seconds after we began, by a wall clock that is so many seconds off.
pub(super) fn moment(begun: Instant, second: u64, off: i64) -> Moment {
    let wall = Timestamp::from_seconds(1_000_000 + second.cast_signed() + off);
    Moment { wall, instant: begun + Duration::from_secs(second) }
}

fn feed(kind: FeedKind) -> Settings {
    Settings { kind, min_vantage_ases: None, silent_after: None }
}

pub(super) fn ris_live(url: &str) -> Settings {
    let (url, mode, ribs) = (url.to_owned(), RisLiveMode::Watched, Vec::new());
    feed(FeedKind::RisLive { url, mode, ribs })
}

fn active(health: &FeedHealth, now: Moment) -> Vec<String> {
    let conditions = health.conditions(now).into_iter();
    let active = conditions.filter(|condition| condition.active);
    active.map(|one| format!("{} {}", one.subject, one.details.join("; "))).collect()
}

/// A session that begins.
pub(super) fn opened(feed: FeedId, number: u64, kind: SessionKind, now: Moment) -> Opened {
    let activity = Arc::new(Activity::new(now.instant));
    Opened { feed, session: SessionId(number), kind, activity }
}

pub(super) fn stream() -> SessionKind {
    SessionKind::RisLive { over_http: false }
}

pub(super) fn closed(number: u64) -> Closed {
    Closed { session: SessionId(number), why: Some("closed".to_owned()), rib: None }
}

/// Opens a session in which a message comes at that time.
fn hear(health: &mut FeedHealth, feed: FeedId, at: Moment) {
    let session = opened(feed, 1, stream(), at);
    assert!(health.open(&session, at));
    session.activity.hear(at.instant);
    health.sample(at);
}

#[test]
fn silence_is_what_passed_and_not_what_the_wall_clock_says() {
    let begun = Instant::now();
    let at = |second, off| moment(begun, second, off);
    let id = FeedId(1);
    let mut health = FeedHealth::new(at(0, 0));
    health.follow(&[(id, ris_live("ws://a/"))], at(0, 0));
    hear(&mut health, id, at(10, 0));
    // An hour ahead is no silence, an hour behind no sign of life.
    assert_eq!(active(&health, at(20, 3600)), [""; 0]);
    assert_eq!(active(&health, at(309, -3600)), [""; 0]);
    let silent = ["ris-live nothing since 1970-01-12T13:46:50Z"];
    assert_eq!(active(&health, at(310, -3600)), silent);
}

/// It connects again and again: why the last connection ended is told while none shows life.
#[test]
fn why_it_is_silent_is_told_until_it_shows_life() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let id = FeedId(1);
    let mut health = FeedHealth::new(at(0));
    health.follow(&[(id, ris_live("ws://a/"))], at(0));
    assert!(health.open(&opened(id, 1, stream(), at(1)), at(1)));
    health.close(&closed(1), at(31)).unwrap();
    let session = opened(id, 2, stream(), at(32));
    assert!(health.open(&session, at(32)));
    assert_eq!(active(&health, at(300)), ["ris-live nothing since 1970-01-12T13:46:40Z; closed"]);
    session.activity.live(at(301).instant);
    health.sample(at(302));
    assert_eq!(active(&health, at(601)), ["ris-live nothing since 1970-01-12T13:51:41Z"]);
}

#[test]
fn a_feed_that_stays_is_as_it_was_whatever_its_place() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let [first, second, third] = [1, 2, 3].map(FeedId);
    let mut health = FeedHealth::new(at(0));
    health.follow(&[(first, ris_live("ws://a/")), (second, ris_live("ws://b/"))], at(0));
    hear(&mut health, second, at(200));
    health.follow(&[(second, ris_live("ws://b/")), (third, ris_live("ws://c/"))], at(250));
    assert!(!health.knows(first));
    assert_eq!(
        [second, third].map(|id| health.feed(id).unwrap().name.clone()),
        ["ris-live", "ris-live-2"]
    );
    assert_eq!(active(&health, at(499)), [""; 0]);
    assert_eq!(active(&health, at(500)), ["ris-live nothing since 1970-01-12T13:50:00Z"]);
}

#[test]
fn gaps_are_told_of_each_router_and_once_of_streams_that_end_together() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let [public, own] = [1, 2].map(FeedId);
    let router = |name: &str| BmpRouter {
        address: [192, 0, 2, 1].into(),
        name: name.to_owned(),
        own_as_in_path: Tristate::Auto,
        add_path: Tristate::Auto,
        vrfs: Vec::new(),
    };
    let routers = vec![router("edge1"), router("edge2")];
    let bmp = feed(FeedKind::Bmp { listen: ([127, 0, 0, 1], 0).into(), routers });
    let mut health = FeedHealth::new(at(0));
    health.follow(&[(public, ris_live("ws://a/")), (own, bmp)], at(0));
    let router = |name: &str| SessionKind::Bmp { router: name.to_owned() };
    let open = |health: &mut FeedHealth, feed, number, kind, second| {
        assert!(health.open(&opened(feed, number, kind, at(second)), at(second)));
    };
    let close = |health: &mut FeedHealth, number, second| {
        assert!(health.close(&closed(number), at(second)).is_some());
    };
    for number in [1, 2] {
        open(&mut health, public, number, stream(), 1);
    }
    for number in [1, 2] {
        close(&mut health, number, 10);
    }
    open(&mut health, public, 3, stream(), 50);
    open(&mut health, own, 4, router("edge1"), 1);
    // Edge1 connects anew before its old connection is given up, edge2 is gone for good.
    open(&mut health, own, 5, router("edge1"), 20);
    close(&mut health, 4, 21);
    open(&mut health, own, 6, router("edge2"), 1);
    close(&mut health, 6, 30);
    let told = health.status(at(60));
    let gap = |router: Option<&str>, from, until: Option<u64>| FeedGap {
        router: router.map(str::to_owned),
        from: at(from).wall,
        until: until.map(|until| at(until).wall),
    };
    assert_eq!(told[0].gaps, [gap(None, 10, Some(50))]);
    assert_eq!(told[1].gaps, [gap(Some("edge2"), 30, None)]);
}

#[test]
fn time_stamps_that_are_off_are_told_once_they_all_are() {
    let begun = Instant::now();
    let mut stamps = Stamps::default();
    let mut minute = |from: u64, lates: &[i64]| {
        for (now, late) in (from..).step_by(20).zip(lates) {
            let now = moment(begun, now, 0);
            stamps.take(Timestamp::from_seconds(now.wall.seconds() - late), now);
        }
        stamps.complaint()
    };
    assert_eq!(minute(1000, &[400, 400, 400, 400]), Some("what comes is 400 s old".to_owned()));
    // From here on a window begins with the last message of the one before, which is not its own.
    assert_eq!(minute(1080, &[500, 2, 400]), None);
    let ahead = "what comes is 130 s ahead: one of the clocks is wrong";
    assert_eq!(minute(1140, &[-130, -900, -131]), Some(ahead.to_owned()));
    assert_eq!(minute(1200, &[-3, 9000, 9000]), None);
}

#[test]
fn a_stream_that_only_connects_is_silent() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let id = FeedId(1);
    let mut health = FeedHealth::new(at(0));
    health.follow(&[(id, ris_live("ws://a/"))], at(0));
    // It closes at once, in a loop.
    for number in 1..60 {
        let now = at(number * 5);
        assert!(health.open(&opened(id, number, stream(), now), now));
        assert!(!health.is_healthy(now));
        health.close(&closed(number), now);
    }
    let silent = ["ris-live nothing since 1970-01-12T13:46:40Z; closed"];
    assert_eq!(active(&health, at(300)), silent);
    // And one that acknowledges and never sends is, once the beacons should have come.
    let session = opened(id, 100, stream(), at(301));
    assert!(health.open(&session, at(301)));
    let acknowledge = |health: &mut FeedHealth, second| {
        session.activity.live(at(second).instant);
        health.sample(at(second));
    };
    acknowledge(&mut health, 302);
    assert!(health.is_healthy(at(302)));
    assert_eq!(active(&health, at(303)), [""; 0]);
    acknowledge(&mut health, 8_999);
    assert_eq!(active(&health, at(8_999)), [""; 0]);
    let beacons = ["ris-live no message since 1970-01-12T13:46:40Z, not even of the RIS beacons"];
    assert_eq!(active(&health, at(9_000)), beacons);
    session.activity.hear(at(9_001).instant);
    health.sample(at(9_001));
    assert_eq!(active(&health, at(9_001)), [""; 0]);
}

/// A feed with one router, which was never there.
fn routed(now: Moment) -> FeedHealth {
    let mut health = FeedHealth::new(now);
    health.follow(&[(FeedId(1), bmp())], now);
    health
}

pub(super) fn bmp() -> Settings {
    let router = BmpRouter {
        address: [192, 0, 2, 1].into(),
        name: "edge1".to_owned(),
        own_as_in_path: Tristate::Auto,
        add_path: Tristate::Auto,
        vrfs: Vec::new(),
    };
    feed(FeedKind::Bmp { listen: ([127, 0, 0, 1], 0).into(), routers: vec![router] })
}

#[test]
fn a_router_that_says_nothing_is_down() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let mut health = routed(at(0));
    let session = opened(FeedId(1), 1, SessionKind::Bmp { router: "edge1".to_owned() }, at(10));
    assert!(health.open(&session, at(10)));
    assert!(!health.is_healthy(at(11)));
    assert_eq!(active(&health, at(59)), [""; 0]);
    let mute = ["edge1 connected since 1970-01-12T13:46:50Z, and has said nothing"];
    assert_eq!(active(&health, at(60)), mute);
    session.activity.hear(at(61).instant);
    health.sample(at(61));
    assert!(health.is_healthy(at(61)));
    assert_eq!(active(&health, at(1000)), [""; 0]);
}

#[test]
fn a_router_that_flaps_is_down_until_it_stays() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let mut health = routed(at(0));
    let session = |health: &mut FeedHealth, number: u64, second| {
        let kind = SessionKind::Bmp { router: "edge1".to_owned() };
        let session = opened(FeedId(1), number, kind, at(second));
        assert!(health.open(&session, at(second)));
        session.activity.hear(at(second).instant);
        health.sample(at(second));
    };
    for number in 1..30 {
        session(&mut health, number, number * 5);
        health.close(&closed(number), at(number * 5 + 4));
    }
    let flaps = ["edge1 connects and is gone again, 5 times within 5 minutes; closed"];
    assert_eq!(active(&health, at(150)), flaps);
    session(&mut health, 30, 200);
    health.sample(at(429));
    assert_eq!(active(&health, at(429)).len(), 1);
    // The fifth before now was five minutes ago: it stays.
    health.sample(at(430));
    assert_eq!(active(&health, at(430)), [""; 0]);
    assert!(health.is_healthy(at(430)));
}

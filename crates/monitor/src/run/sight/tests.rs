use std::time::Instant;

use tokio::sync::mpsc;

use super::*;
use crate::config::RisLiveMode;
use crate::run::input::Inlets;

/// So many seconds after we began, by a wall clock that is so many seconds off.
fn moment(begun: Instant, second: u64, off: i64) -> Moment {
    let wall = Timestamp::from_seconds(1_000_000 + second.cast_signed() + off);
    Moment { wall, instant: begun + Duration::from_secs(second) }
}

fn feed(kind: FeedKind) -> config::Feed {
    config::Feed { kind, min_vantage_ases: None, silent_after: None }
}

fn ris_live(url: &str) -> config::Feed {
    let (url, mode, ribs) = (url.to_owned(), RisLiveMode::Watched, Vec::new());
    feed(FeedKind::RisLive { url, mode, ribs })
}

fn active(sight: &Sight, now: Moment) -> Vec<String> {
    let conditions = sight.conditions(&Rpki::default(), now).into_iter();
    let active = conditions.filter(|condition| condition.active);
    active.map(|one| format!("{} {}", one.subject, one.details.join("; "))).collect()
}

#[test]
fn silence_is_what_passed_and_not_what_the_wall_clock_says() {
    let begun = Instant::now();
    let at = |second, off| moment(begun, second, off);
    let id = Inlets::new(mpsc::channel(1).0).another().feed;
    let mut sight = Sight::new(at(0, 0));
    sight.follow(&[(id, ris_live("ws://a/"))], at(0, 0));
    sight.message(id, at(10, 0));
    // An hour ahead is no silence, an hour behind no sign of life.
    assert_eq!(active(&sight, at(20, 3600)), [""; 0]);
    assert_eq!(active(&sight, at(309, -3600)), [""; 0]);
    let silent = ["ris-live nothing since 1970-01-12T13:46:50Z"];
    assert_eq!(active(&sight, at(310, -3600)), silent);
}

#[test]
fn a_feed_that_stays_is_as_it_was_whatever_its_place() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let mut inlets = Inlets::new(mpsc::channel(1).0);
    let [first, second, third] = [(); 3].map(|()| inlets.another().feed);
    let mut sight = Sight::new(at(0));
    sight.follow(&[(first, ris_live("ws://a/")), (second, ris_live("ws://b/"))], at(0));
    sight.message(second, at(200));
    sight.follow(&[(second, ris_live("ws://b/")), (third, ris_live("ws://c/"))], at(250));
    assert!(!sight.knows(first));
    assert_eq!([second, third].map(|id| sight.name(id).to_owned()), ["ris-live", "ris-live-2"]);
    assert_eq!(active(&sight, at(499)), [""; 0]);
    assert_eq!(active(&sight, at(500)), ["ris-live nothing since 1970-01-12T13:50:00Z"]);
}

#[test]
fn gaps_are_told_of_each_router_and_once_of_streams_that_end_together() {
    let begun = Instant::now();
    let at = |second| moment(begun, second, 0);
    let mut inlets = Inlets::new(mpsc::channel(1).0);
    let [public, own] = [(); 2].map(|()| inlets.another().feed);
    let router = |name: &str| config::BmpRouter {
        address: [192, 0, 2, 1].into(),
        name: name.to_owned(),
        own_as_in_path: config::Tristate::Auto,
        add_path: config::Tristate::Auto,
    };
    let routers = vec![router("edge1"), router("edge2")];
    let bmp = feed(FeedKind::Bmp { listen: ([127, 0, 0, 1], 0).into(), routers });
    let mut sight = Sight::new(at(0));
    sight.follow(&[(public, ris_live("ws://a/")), (own, bmp)], at(0));
    let why = || Some("closed".to_owned());
    let pipe = PipeId;
    for number in [1, 2] {
        sight.open(public, pipe(number), None, at(1));
    }
    for number in [1, 2] {
        sight.close(public, pipe(number), why(), at(10));
    }
    sight.open(public, pipe(3), None, at(50));
    sight.open(own, pipe(4), Some("edge1"), at(1));
    // Edge1 connects anew before its old connection is given up, edge2 is gone for good.
    sight.open(own, pipe(5), Some("edge1"), at(20));
    sight.close(own, pipe(4), why(), at(21));
    sight.open(own, pipe(6), Some("edge2"), at(1));
    sight.close(own, pipe(6), why(), at(30));
    let told = sight.sources(&Rpki::default(), at(60)).feeds;
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

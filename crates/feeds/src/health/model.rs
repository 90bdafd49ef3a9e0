//! Whatever a stream and a router do, and whoever sets the clock: nobody is blind without being told, and nobody is
//! told who is not.

use std::collections::VecDeque;
use std::time::Instant;

use proptest::prelude::*;

use super::tests::{bmp, closed, moment, opened, ris_live, stream};
use super::*;

/// What happens within ten seconds.
#[derive(Clone, Copy, Debug)]
enum Event {
    Connect(Side),
    Close(Side),
    /// A message comes.
    Hear(Side),
    /// The stream acknowledges what we subscribe to; of a router there is no such thing.
    Acknowledge,
    /// Somebody sets the wall clock, by so many seconds.
    Set(i16),
    /// A new config with the same feeds.
    Reload,
    /// A while in which nothing comes: pings and their answers are nothing.
    Silence(u16),
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Stream,
    Router,
}

fn event() -> impl Strategy<Value = Event> {
    let side = || prop_oneof![Just(Side::Stream), Just(Side::Router)];
    prop_oneof![
        4 => side().prop_map(Event::Connect),
        3 => side().prop_map(Event::Close),
        6 => side().prop_map(Event::Hear),
        1 => Just(Event::Acknowledge),
        1 => any::<i16>().prop_map(Event::Set),
        1 => Just(Event::Reload),
        2 => (10..600_u16).prop_map(Event::Silence),
        1 => (8000..9500_u16).prop_map(Event::Silence),
    ]
}

/// What there is to know of one side, told in a few lines.
#[derive(Default)]
struct Other {
    session: Option<(SessionId, Arc<Activity>)>,
    /// Whether it has shown life in this session.
    shown: bool,
    /// When it last did, in any, and when a message last came.
    life: u64,
    message: u64,
    /// When it connected.
    connected: VecDeque<u64>,
    /// When a router was last there, had said something and stayed.
    stayed: u64,
}

struct Model {
    begun: Instant,
    health: FeedHealth,
    second: u64,
    off: i64,
    sessions: u64,
    stream: Other,
    router: Other,
}

impl Model {
    fn new() -> Self {
        let begun = Instant::now();
        let health = FeedHealth::new(moment(begun, 0, 0));
        let (stream, router) = (Other::default(), Other::default());
        let mut model = Model { begun, health, second: 0, off: 0, sessions: 0, stream, router };
        model.reload();
        model
    }

    fn now(&self) -> Moment {
        moment(self.begun, self.second, self.off)
    }

    fn reload(&mut self) {
        let feeds = [(FeedId(1), ris_live("ws://a/")), (FeedId(2), bmp())];
        self.health.follow(&feeds, self.now());
    }

    fn other(&mut self, side: Side) -> &mut Other {
        match side {
            Side::Stream => &mut self.stream,
            Side::Router => &mut self.router,
        }
    }

    fn take(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Connect(side) => self.connect(side, now),
            Event::Close(side) => self.close(side, now),
            Event::Hear(side) => self.show(side, true),
            Event::Acknowledge => self.show(Side::Stream, false),
            Event::Set(seconds) => self.off += i64::from(seconds),
            Event::Reload => self.reload(),
            Event::Silence(seconds) => self.second += u64::from(seconds),
        }
    }

    fn connect(&mut self, side: Side, now: Moment) {
        self.close(side, now);
        self.sessions += 1;
        let (feed, kind) = match side {
            Side::Stream => (FeedId(1), stream()),
            Side::Router => (FeedId(2), SessionKind::Bmp { router: "edge1".to_owned() }),
        };
        let session = opened(feed, self.sessions, kind, now);
        assert!(self.health.open(&session, now));
        let second = self.second;
        let other = self.other(side);
        other.session = Some((session.session, session.activity));
        other.connected.push_back(second);
    }

    fn close(&mut self, side: Side, now: Moment) {
        let other = self.other(side);
        other.shown = false;
        if let Some((session, _)) = other.session.take() {
            self.health.close(&closed(session.0), now);
        }
    }

    fn show(&mut self, side: Side, is_message: bool) {
        let (instant, second) = (self.now().instant, self.second);
        let other = self.other(side);
        let Some((_, activity)) = &other.session else { return };
        match is_message {
            true => activity.hear(instant),
            false => activity.live(instant),
        }
        (other.shown, other.life) = (true, second);
        if is_message {
            other.message = second;
        }
    }

    /// Compares what is told with what is so.
    fn check(&mut self) {
        let now = self.now();
        self.health.sample(now);
        let since = |second: u64| self.second - second;
        let silent = since(self.stream.life) >= 300 || since(self.stream.message) >= 9000;
        let lately = self.router.connected.iter().filter(|second| since(**second) < 300).count();
        let stays = self.router.shown && lately < 5;
        let gone = !stays && since(self.router.stayed) >= 60;
        if stays {
            self.router.stayed = self.second;
        }
        let told = self.health.conditions(now).into_iter().filter(|one| one.active);
        let told: Vec<_> = told.map(|one| one.kind).collect();
        let so = [(silent, IncidentKind::FeedSilent), (gone, IncidentKind::RouterDown)];
        let so: Vec<_> = so.into_iter().filter_map(|(so, kind)| so.then_some(kind)).collect();
        assert_eq!(told, so);
        let sees = self.stream.shown && !silent && stays;
        assert_eq!(self.health.is_healthy(now), sees);
    }
}

proptest! {
    #[test]
    fn nobody_is_blind_without_being_told(events in prop::collection::vec(event(), 1..200)) {
        let mut model = Model::new();
        for event in events {
            model.take(event);
            model.second += 10;
            model.check();
        }
    }
}

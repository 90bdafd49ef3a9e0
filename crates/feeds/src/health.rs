mod router;
mod stamps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bgp::{Asn, Timestamp};
use clock::Moment;
use validator::{Condition, IncidentKind};

use crate::event::{Closed, Opened, SessionKind};
use crate::{Activity, BmpRouter, Feed as Settings, FeedId, FeedKind, SessionId};

use router::Router;
use stamps::{Stamps, seconds};

/// How long RIS Live may show no life, if the config does not say: neither a message nor an
/// acknowledgement of what we subscribe to. That it answers a ping is none: what answers pings need not
/// be what sends messages.
const SILENT_AFTER: Duration = Duration::from_secs(300);

/// How long a router may be gone before somebody is told, if the config does not say: it connects
/// again within seconds if it is only BMP that was restarted.
const ROUTER_GONE: Duration = Duration::from_secs(60);

/// How long RIS Live may send no message, whatever it acknowledges: the beacons that we subscribe to are
/// announced or withdrawn every two hours.
const NO_MESSAGE: Duration = Duration::from_secs(150 * 60);

/// How many gaps of a feed are remembered: who was blind more often than that knows little.
const GAPS: usize = 100;

/// What the feeds are worth: which bring something, which routers are there, what was missed.
#[derive(Debug)]
pub struct FeedHealth {
    feeds: Vec<Feed>,
    sessions: BTreeMap<SessionId, Session>,
    /// When the messages were last counted, and how many there were.
    counted: (Moment, u64),
}

/// How a feed stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedStatus {
    /// Its name, with what it lacks: the type, and a number from the second on.
    pub name: String,
    /// Its type, as in the config.
    pub kind: &'static str,
    /// Whether it brings messages.
    pub up: bool,
    /// The last message.
    pub last_seen: Option<Timestamp>,
    /// When it told nothing and may have missed something, the oldest first.
    pub gaps: Vec<FeedGap>,
    /// Messages so far, and damaged places in them.
    pub messages: u64,
    /// Damaged places so far.
    pub damages: u64,
    /// Its routers, if it has any.
    pub routers: Vec<RouterStatus>,
}

/// How a router stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterStatus {
    /// As the config calls it.
    pub name: String,
    /// Whether it is connected.
    pub up: bool,
    /// Since when it is so.
    pub since: Timestamp,
    /// The VRFs that it has and nobody asked for.
    pub left_out: Vec<String>,
}

/// A time of which a feed cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedGap {
    /// Of which router; none where the feed is one connection.
    pub router: Option<String>,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; none while it lasts.
    pub until: Option<Timestamp>,
}

/// A connection or a file that is open.
#[derive(Debug)]
struct Session {
    id: SessionId,
    feed: FeedId,
    kind: SessionKind,
    activity: Arc<Activity>,
    /// What was counted of it already: messages, damages.
    counted: (u64, u64),
    /// The last time stamp that was looked at, and when its bytes came.
    stamped: Option<(Timestamp, Instant)>,
}

#[derive(Debug)]
struct Feed {
    id: FeedId,
    name: String,
    kind: &'static str,
    is_folder: bool,
    is_stream: bool,
    since: Moment,
    silent_after: Option<Duration>,
    /// When a message last came, and when it last showed that it is alive.
    last: Option<Moment>,
    alive: Moment,
    /// How many messages came so far, and how many of them were damaged.
    messages: u64,
    damages: u64,
    /// When a connection had ended as it should not: the last ones, and how many there were in all.
    gaps: VecDeque<FeedGap>,
    gap_count: u64,
    /// A web socket did not come about.
    over_http: bool,
    /// The collectors whose tables are missing.
    without: Vec<String>,
    stamps: Stamps,
    /// Why the last connection ended, if one did and none has shown life since.
    why: Option<String>,
    routers: BTreeMap<String, Router>,
}

impl FeedHealth {
    /// No feeds yet.
    pub fn new(now: Moment) -> Self {
        FeedHealth { feeds: Vec::new(), sessions: BTreeMap::new(), counted: (now, 0) }
    }

    /// From now on these are the feeds, in the order of the config. Those that were there before are as
    /// they were.
    pub fn follow(&mut self, feeds: &[(FeedId, Settings)], now: Moment) {
        let mut before = std::mem::take(&mut self.feeds);
        for (id, settings) in feeds {
            let kind = settings.kind.name();
            let known = before.iter().position(|feed| feed.id == *id);
            let known = known.map(|place| before.swap_remove(place));
            let mut feed = known.unwrap_or_else(|| Feed::new(*id, &settings.kind, now));
            feed.name = match self.feeds.iter().filter(|feed| feed.kind == kind).count() {
                0 => kind.to_owned(),
                earlier => format!("{kind}-{}", earlier + 1),
            };
            let by_nature = matches!(settings.kind, FeedKind::RisLive { .. });
            let by_nature = by_nature.then_some(SILENT_AFTER);
            feed.silent_after = settings.silent_after.or(by_nature);
            self.feeds.push(feed);
        }
    }

    /// Whether there is still such a feed.
    pub fn knows(&self, feed: FeedId) -> bool {
        self.feed(feed).is_some()
    }

    /// The sessions of feeds that there are no more, which are forgotten.
    pub fn end_sessions_without_feed(&mut self) -> Vec<(SessionId, SessionKind)> {
        let known: Vec<_> = self.feeds.iter().map(|feed| feed.id).collect();
        let ended = self.sessions.extract_if(.., |_, session| !known.contains(&session.feed));
        ended.map(|(id, session)| (id, session.kind)).collect()
    }

    /// What a session is; none once it has ended.
    pub fn session(&self, session: SessionId) -> Option<&SessionKind> {
        Some(&self.sessions.get(&session)?.kind)
    }

    /// Whether another session of this router is open.
    pub fn has_session_of(&self, router: &str) -> bool {
        let of = |kind: &SessionKind| matches!(kind, SessionKind::Bmp { router: name } if name == router);
        self.sessions.values().any(|session| of(&session.kind))
    }

    /// When a router was last heard of in the session that is open.
    pub fn heard(&self, router: &str) -> Option<Instant> {
        let of = |kind: &SessionKind| matches!(kind, SessionKind::Bmp { router: name } if name == router);
        let sessions = self.sessions.values().filter(|session| of(&session.kind));
        sessions.filter_map(|session| session.activity.heard()).max()
    }

    /// A session begins; false if its feed has ended.
    pub fn open(&mut self, opened: &Opened, now: Moment) -> bool {
        let Some(feed) = self.feed_mut(opened.feed) else { return false };
        let router = match &opened.kind {
            SessionKind::RisLive { over_http } => {
                feed.over_http = *over_http;
                None
            }
            SessionKind::Bmp { router } => Some(router.as_str()),
            SessionKind::File | SessionKind::CollectorRib { .. } => None,
        };
        // A table is neither a sign of life nor a connection.
        if !matches!(opened.kind, SessionKind::CollectorRib { .. }) {
            feed.gap_is_over(router, now.wall);
        }
        if let Some(router) = router.and_then(|name| feed.routers.get_mut(name)) {
            router.open(opened.session, now);
        }
        let (feed, kind, activity) = (opened.feed, opened.kind.clone(), opened.activity.clone());
        let id = opened.session;
        let session = Session { id, feed, kind, activity, counted: (0, 0), stamped: None };
        self.sessions.insert(id, session);
        true
    }

    /// A session has ended; what it was, if it was known. A router that has connected again in the
    /// meantime stays up.
    pub fn close(&mut self, closed: &Closed, now: Moment) -> Option<(FeedId, SessionKind)> {
        self.sample(now);
        let Session { feed: id, kind, .. } = self.sessions.remove(&closed.session)?;
        let feed = self.feed_mut(id)?;
        if matches!(kind, SessionKind::CollectorRib { .. }) {
            return Some((id, kind));
        }
        let mut routers = feed.routers.iter_mut();
        let of = routers.find(|(_, router)| router.session == Some(closed.session));
        let router = of.map(|(name, router)| {
            router.close(now);
            name.clone()
        });
        // Of a router that has connected anew in the meantime nothing is missing.
        let is_blind = router.is_some() || feed.routers.is_empty();
        if closed.why.is_some() && is_blind {
            feed.gap_begins(router, now.wall);
        }
        feed.why = closed.why.clone();
        Some((id, kind))
    }

    /// Looks at what the sessions have read since it last did.
    pub fn sample(&mut self, now: Moment) {
        let FeedHealth { feeds, sessions, .. } = self;
        for session in sessions.values_mut() {
            let Some(feed) = feeds.iter_mut().find(|feed| feed.id == session.feed) else {
                continue;
            };
            session.sample(feed, now);
        }
    }

    /// What a collector saw before we listened is not known.
    pub fn lacks_rib(&mut self, feed: FeedId, collector: &str) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.without.push(collector.to_owned());
        }
    }

    /// What is so of each feed and each router.
    pub fn conditions(&self, now: Moment) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for feed in &self.feeds {
            conditions.extend(feed.silence(now));
            conditions.extend(feed.routers.iter().map(|(name, router)| {
                let grace = feed.silent_after.unwrap_or(ROUTER_GONE);
                let active = !router.is_up(now) && now.since(router.last_up) >= grace;
                let details = [router.trouble(now)].into_iter().chain(feed.why.clone()).collect();
                Condition { kind: IncidentKind::RouterDown, subject: name.clone(), details, active }
            }));
        }
        conditions
    }

    /// The ASes that feeds were asked for, and tell of by now.
    pub fn asked(&self) -> BTreeSet<Asn> {
        self.sessions.values().flat_map(|session| session.activity.asked()).collect()
    }

    /// How each feed stands, in the order of the config.
    pub fn status(&self, now: Moment) -> Vec<FeedStatus> {
        let status = |feed: &Feed| FeedStatus { up: self.brings(feed, now), ..feed.status(now) };
        self.feeds.iter().map(status).collect()
    }

    /// Says what each feed has brought.
    pub fn log_totals(&mut self, now: Moment) {
        self.sample(now);
        for Feed { name, messages, damages, gap_count: gaps, .. } in &self.feeds {
            tracing::info!(feed = name, messages, damages, gaps, "total");
        }
    }

    /// `2 of 3 feeds up, 320 messages/s`, since it was last asked.
    pub fn summary(&mut self, now: Moment) -> String {
        let up = self.feeds.iter().filter(|feed| self.is_connected(feed)).count();
        let messages = self.feeds.iter().map(|feed| feed.messages).sum();
        let (since, before) = std::mem::replace(&mut self.counted, (now, messages));
        let micros = now.since(since).as_micros().max(1);
        let rate = u128::from(messages - before) * 1_000_000 / micros;
        format!("{up} of {} feeds up, {rate} messages/s", self.feeds.len())
    }

    /// Whether the feed brings anything now.
    pub fn is_up(&self, feed: FeedId) -> bool {
        self.feed(feed).is_some_and(|feed| self.is_connected(feed))
    }

    /// Whether nothing is missing of what should be seen.
    pub fn is_healthy(&self, now: Moment) -> bool {
        let is_healthy = |feed: &Feed| {
            let routers = feed.routers.values().all(|router| router.is_up(now));
            routers && self.brings(feed, now)
        };
        self.feeds.iter().all(is_healthy)
    }

    /// Whether a feed is connected, and not silent.
    fn brings(&self, feed: &Feed, now: Moment) -> bool {
        self.is_connected(feed) && feed.silence(now).is_none_or(|silence| !silence.active)
    }

    /// Whether the other side has shown in a session that it is there. A folder is there or not, which its
    /// reader says.
    fn is_connected(&self, feed: &Feed) -> bool {
        let of = |session: &Session| {
            session.feed == feed.id && !matches!(session.kind, SessionKind::CollectorRib { .. })
        };
        let is_alive = |session: &Session| of(session) && session.activity.alive().is_some();
        feed.is_folder || self.sessions.values().any(is_alive)
    }

    fn feed(&self, id: FeedId) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.id == id)
    }

    fn feed_mut(&mut self, id: FeedId) -> Option<&mut Feed> {
        self.feeds.iter_mut().find(|feed| feed.id == id)
    }
}

impl Session {
    /// A router has said something in this session.
    fn hear(&self, feed: &mut Feed, now: Moment) {
        let SessionKind::Bmp { router } = &self.kind else { return };
        if let Some(router) = feed.routers.get_mut(router)
            && router.session == Some(self.id)
        {
            router.heard = true;
            router.left_out = self.activity.left_out();
            if router.is_up(now) {
                router.last_up = now;
            }
        }
    }

    fn sample(&mut self, feed: &mut Feed, now: Moment) {
        if matches!(self.kind, SessionKind::CollectorRib { .. }) {
            return;
        }
        let read = (self.activity.messages(), self.activity.damages());
        feed.messages += read.0 - self.counted.0;
        feed.damages += read.1 - self.counted.1;
        self.counted = read;
        let later = |known: Option<Moment>, instant: Instant| {
            known.is_none_or(|known| known.instant < instant)
        };
        if let Some(heard) = self.activity.heard() {
            self.hear(feed, now);
            if later(feed.last, heard) {
                feed.last = Some(now.at(heard));
            }
            if let Some(stamped) = self.activity.stamped()
                && self.stamped != Some((stamped, heard))
            {
                self.stamped = Some((stamped, heard));
                feed.stamps.take(stamped, now.at(heard));
            }
        }
        if let Some(alive) = self.activity.alive()
            && later(Some(feed.alive), alive)
        {
            feed.alive = now.at(alive);
            feed.why = None;
        }
    }
}

impl Feed {
    fn new(id: FeedId, kind: &FeedKind, now: Moment) -> Self {
        let routers = match kind {
            FeedKind::Bmp { routers, .. } => routers.as_slice(),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } => &[],
        };
        let router = |router: &BmpRouter| (router.name.clone(), Router::new(now));
        Feed {
            id,
            name: String::new(),
            kind: kind.name(),
            is_folder: matches!(kind, FeedKind::MrtDir { .. }),
            is_stream: matches!(kind, FeedKind::RisLive { .. }),
            since: now,
            silent_after: None,
            last: None,
            alive: now,
            messages: 0,
            damages: 0,
            gaps: VecDeque::new(),
            gap_count: 0,
            over_http: false,
            without: Vec::new(),
            stamps: Stamps::default(),
            why: None,
            routers: routers.iter().map(router).collect(),
        }
    }

    fn status(&self, now: Moment) -> FeedStatus {
        let router = |(name, router): (&String, &Router)| RouterStatus {
            name: name.clone(),
            up: router.is_up(now),
            since: router.since.wall,
            left_out: router.left_out.clone(),
        };
        FeedStatus {
            name: self.name_with_lacks(),
            kind: self.kind,
            up: false,
            last_seen: self.last.map(|last| last.wall),
            gaps: self.gaps.iter().cloned().collect(),
            messages: self.messages,
            damages: self.damages,
            routers: self.routers.iter().map(router).collect(),
        }
    }

    /// With what it lacks.
    fn name_with_lacks(&self) -> String {
        let over = self.over_http.then(|| "over HTTP".to_owned());
        let without = (!self.without.is_empty())
            .then(|| format!("without the tables of {}", self.without.join(", ")));
        let vrfs = self.routers.iter().filter_map(|(name, router)| router.vrfs_left_out(name));
        match over.into_iter().chain(without).chain(vrfs).collect::<Vec<_>>().join(", ") {
            lacks if lacks.is_empty() => self.name.clone(),
            lacks => format!("{} ({lacks})", self.name),
        }
    }

    /// Several streams of one feed end together, and that is one gap.
    fn gap_begins(&mut self, router: Option<String>, from: Timestamp) {
        if self.gaps.iter().any(|gap| gap.router == router && gap.until.is_none()) {
            return;
        }
        self.gap_count += 1;
        self.gaps.push_back(FeedGap { router, from, until: None });
        if self.gaps.len() > GAPS {
            self.gaps.pop_front();
        }
    }

    fn gap_is_over(&mut self, router: Option<&str>, until: Timestamp) {
        let lasting = self.gaps.iter_mut().filter(|gap| gap.until.is_none());
        for gap in lasting.filter(|gap| gap.router.as_deref() == router) {
            gap.until = Some(until);
        }
    }

    /// None of a feed that may be silent: routers have their own condition.
    fn silence(&self, now: Moment) -> Option<Condition> {
        let silent_after = self.silent_after.filter(|_| self.routers.is_empty())?;
        let dead = now.since(self.alive) >= silent_after;
        let last = self.last.unwrap_or(self.since);
        let silent = dead || self.is_stream && now.since(last) >= NO_MESSAGE;
        let off = self.stamps.complaint();
        let details = match &off {
            Some(off) if !silent => vec![off.clone()],
            _ if !dead => {
                let since = seconds(last.wall);
                vec![format!("no message since {since}, not even of the RIS beacons")]
            }
            _ => {
                let nothing = format!("nothing since {}", seconds(self.alive.wall));
                [nothing].into_iter().chain(self.why.clone()).collect()
            }
        };
        Some(Condition {
            kind: IncidentKind::FeedSilent,
            subject: self.name.clone(),
            details,
            active: silent || off.is_some(),
        })
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

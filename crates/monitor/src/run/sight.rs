use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bgp::Timestamp;
use incidents::{FeedGap, FeedSight, RpkiSight, Sources};
use validator::Kind;

use super::clock::Moment;
use super::input::{FeedId, PipeId};
use crate::config::{self, FeedKind};
use rpki_sources::{Health, Rpki};

/// How long RIS Live may say nothing at all, not even to our pings, if the config does not say.
const SILENT_AFTER: Duration = Duration::from_secs(300);

/// How long a router may be gone before somebody is told, if the config does not say: it connects
/// again within seconds if it is only BMP that was restarted.
const ROUTER_GONE: Duration = Duration::from_secs(60);

/// How long there may be no RPKI data after the start.
const RPKI_WAIT: Duration = Duration::from_secs(300);

/// Over how long the time stamps of a feed are compared with our clock.
const STAMPED_OVER: Duration = Duration::from_secs(60);

/// RIS' own processing takes seconds to a minute: so many seconds late is a queue somewhere.
const LATE: i64 = 300;

/// So many seconds from the future, and one of the clocks is wrong.
const EARLY: i64 = 120;

/// How many gaps of a feed are remembered: an incident that saw more of them has no sight to speak of.
const GAPS: usize = 100;

/// What our sight is worth: every feed, every router, the RPKI data.
#[derive(Debug)]
pub(super) struct Sight {
    feeds: Vec<Feed>,
    since: Moment,
    /// When the messages were last counted, and how many there were.
    counted: (Moment, u64),
}

/// Something that is so, or is not: an incident of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) kind: Kind,
    pub(super) subject: String,
    pub(super) details: Vec<String>,
    pub(super) active: bool,
}

#[derive(Debug)]
struct Feed {
    id: FeedId,
    name: String,
    kind: &'static str,
    silent_after: Option<Duration>,
    /// When a message last came, and when it last showed that it is alive.
    last: Option<Moment>,
    alive: Moment,
    pipes: usize,
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
    /// Why the last connection ended, if one did.
    why: Option<String>,
    routers: BTreeMap<String, Router>,
}

/// How the time stamps of a feed stand to our clock.
#[derive(Debug, Default)]
struct Stamps {
    since: Option<Moment>,
    /// The smallest distance in seconds since then, of messages that are late above zero.
    nearest: Option<i64>,
    /// The same of the time before.
    known: Option<i64>,
}

#[derive(Debug)]
struct Router {
    pipe: Option<PipeId>,
    since: Moment,
}

impl Sight {
    pub(super) fn new(now: Moment) -> Self {
        Sight { feeds: Vec::new(), since: now, counted: (now, 0) }
    }

    /// From now on these are the feeds, in the order of the config. Those that were there before are as
    /// they were.
    pub(super) fn follow(&mut self, feeds: &[(FeedId, config::Feed)], now: Moment) {
        let mut before = std::mem::take(&mut self.feeds);
        for (id, config) in feeds {
            let kind = config.kind.name();
            let known = before.iter().position(|feed| feed.id == *id);
            let known = known.map(|place| before.swap_remove(place));
            let mut feed = known.unwrap_or_else(|| Feed::new(*id, &config.kind, now));
            feed.name = match self.feeds.iter().filter(|feed| feed.kind == kind).count() {
                0 => kind.to_owned(),
                earlier => format!("{kind}-{}", earlier + 1),
            };
            let by_nature = matches!(config.kind, FeedKind::RisLive { .. }).then_some(SILENT_AFTER);
            feed.silent_after = config.silent_after.or(by_nature);
            self.feeds.push(feed);
        }
    }

    /// Whether there is still such a feed.
    pub(super) fn knows(&self, feed: FeedId) -> bool {
        self.feed(feed).is_some()
    }

    pub(super) fn name(&self, feed: FeedId) -> &str {
        self.feed(feed).map_or("", |feed| &feed.name)
    }

    pub(super) fn open(&mut self, feed: FeedId, pipe: PipeId, router: Option<&str>, now: Moment) {
        let Some(feed) = self.feed_mut(feed) else { return };
        feed.pipes += 1;
        feed.alive = now;
        feed.why = None;
        feed.gap_is_over(router, now.wall);
        if let Some(router) = router.and_then(|name| feed.routers.get_mut(name)) {
            *router = Router { pipe: Some(pipe), since: now };
        }
    }

    /// A router that has connected again in the meantime stays up.
    pub(super) fn close(&mut self, feed: FeedId, pipe: PipeId, why: Option<String>, now: Moment) {
        let Some(feed) = self.feed_mut(feed) else { return };
        feed.pipes = feed.pipes.saturating_sub(1);
        let of = feed.routers.iter_mut().find(|(_, router)| router.pipe == Some(pipe));
        let router = of.map(|(name, router)| {
            *router = Router { pipe: None, since: now };
            name.clone()
        });
        // Of a router that has connected anew in the meantime nothing is missing.
        let is_blind = router.is_some() || feed.routers.is_empty();
        if why.is_some() && is_blind {
            feed.gap_begins(router, now.wall);
        }
        feed.why = why;
    }

    pub(super) fn message(&mut self, feed: FeedId, now: Moment) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.last = Some(now);
            feed.alive = now;
        }
    }

    /// So many messages were read, and so many of them were damaged.
    pub(super) fn read(&mut self, feed: FeedId, messages: u64, damages: u64) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.messages += messages;
            feed.damages += damages;
        }
    }

    /// The latest message of those that have just come bears this time.
    pub(super) fn stamped(&mut self, feed: FeedId, at: Timestamp, now: Moment) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.stamps.take(at, now);
        }
    }

    /// How a stream comes about.
    pub(super) fn over_http(&mut self, feed: FeedId, over_http: bool) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.over_http = over_http;
        }
    }

    /// What a collector saw before we listened is not known.
    pub(super) fn lacks_table(&mut self, feed: FeedId, collector: &str) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.without.push(collector.to_owned());
        }
    }

    pub(super) fn alive(&mut self, feed: FeedId, now: Moment) {
        if let Some(feed) = self.feed_mut(feed) {
            feed.alive = now;
        }
    }

    /// What is so of each feed, each router and the RPKI data.
    pub(super) fn conditions(&self, rpki: &Rpki, now: Moment) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for feed in &self.feeds {
            conditions.extend(feed.silence(now));
            conditions.extend(feed.routers.iter().map(|(name, router)| {
                let grace = feed.silent_after.unwrap_or(ROUTER_GONE);
                let gone = router.pipe.is_none() && now.since(router.since) >= grace;
                let details = format!("no connection since {}", seconds(router.since.wall));
                Condition {
                    kind: Kind::RouterDown,
                    subject: name.clone(),
                    details: [details].into_iter().chain(feed.why.clone()).collect(),
                    active: gone,
                }
            }));
        }
        if !rpki.sources.is_empty() {
            conditions.push(self.staleness(rpki, now));
        }
        conditions
    }

    /// What notices say of it.
    pub(super) fn sources(&self, rpki: &Rpki, now: Moment) -> Sources {
        let feed = |feed: &Feed| FeedSight {
            name: feed.told_name(),
            kind: feed.kind.to_owned(),
            up: feed.is_up() && feed.silence(now).is_none_or(|silence| !silence.active),
            last_seen: feed.last.map(|last| last.wall),
            gaps: feed.gaps.iter().cloned().collect(),
        };
        let rpki_sight = RpkiSight {
            vrps: rpki.snapshot.vrps.len(),
            generated: rpki.snapshot.generated,
            source: rpki.snapshot.source.clone(),
            stale: !matches!(rpki.health, Health::Fresh | Health::Disputed { .. }),
        };
        let known = !rpki.sources.is_empty();
        Sources { feeds: self.feeds.iter().map(feed).collect(), rpki: known.then_some(rpki_sight) }
    }

    /// Says what each feed has brought.
    pub(super) fn log_totals(&self) {
        for Feed { name, messages, damages, gap_count: gaps, .. } in &self.feeds {
            tracing::info!(feed = name, messages, damages, gaps, "in all");
        }
    }

    /// `2 of 3 feeds up, 320 messages/s`, since it was last asked.
    pub(super) fn status(&mut self, now: Moment) -> String {
        let up = self.feeds.iter().filter(|feed| feed.is_up()).count();
        let messages = self.feeds.iter().map(|feed| feed.messages).sum();
        let (since, before) = std::mem::replace(&mut self.counted, (now, messages));
        let micros = now.since(since).as_micros().max(1);
        let rate = u128::from(messages - before) * 1_000_000 / micros;
        format!("{up} of {} feeds up, {rate} messages/s", self.feeds.len())
    }

    /// Whether the feed brings anything now.
    pub(super) fn is_up(&self, feed: FeedId) -> bool {
        self.feed(feed).is_some_and(Feed::is_up)
    }

    /// Whether nothing is missing of what should be seen.
    pub(super) fn is_well(&self, now: Moment) -> bool {
        let is_well = |feed: &Feed| {
            let routers = feed.routers.values().all(|router| router.pipe.is_some());
            feed.is_up() && routers && feed.silence(now).is_none_or(|silence| !silence.active)
        };
        self.feeds.iter().all(is_well)
    }

    fn feed(&self, id: FeedId) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.id == id)
    }

    fn feed_mut(&mut self, id: FeedId) -> Option<&mut Feed> {
        self.feeds.iter_mut().find(|feed| feed.id == id)
    }

    fn staleness(&self, rpki: &Rpki, now: Moment) -> Condition {
        let said = match rpki.health {
            Health::Fresh | Health::Disputed { .. } => None,
            Health::Waiting if now.since(self.since) < RPKI_WAIT => None,
            Health::Waiting => Some("no source has given any data".to_owned()),
            Health::Stale { since } => {
                Some(format!("the data has been too old since {}", seconds(since)))
            }
            Health::Expired { since } => {
                Some(format!("the last data ended at {}: all is not-found", seconds(since)))
            }
        };
        Condition {
            kind: Kind::RpkiStale,
            subject: "rpki".to_owned(),
            active: said.is_some(),
            details: said.into_iter().chain(rpki.remarks.clone()).collect(),
        }
    }
}

impl Feed {
    fn new(id: FeedId, kind: &FeedKind, now: Moment) -> Self {
        let routers = match kind {
            FeedKind::Bmp { routers, .. } => routers.as_slice(),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => &[],
        };
        let router =
            |router: &config::BmpRouter| (router.name.clone(), Router { pipe: None, since: now });
        Feed {
            id,
            name: String::new(),
            kind: kind.name(),
            silent_after: None,
            last: None,
            alive: now,
            pipes: 0,
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

    /// A folder is there or not, which its reader says; connections are counted.
    fn is_up(&self) -> bool {
        self.kind == "mrt-dir" || self.pipes > 0
    }

    /// With what its sight lacks.
    fn told_name(&self) -> String {
        let over = self.over_http.then(|| "over HTTP".to_owned());
        let without = (!self.without.is_empty())
            .then(|| format!("without the tables of {}", self.without.join(", ")));
        match over.into_iter().chain(without).collect::<Vec<_>>().join(", ") {
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
        let silent = now.since(self.alive) >= silent_after;
        let off = self.stamps.complaint();
        let details = match &off {
            Some(off) if !silent => vec![off.clone()],
            _ => {
                let nothing = format!("nothing since {}", seconds(self.alive.wall));
                [nothing].into_iter().chain(self.why.clone()).collect()
            }
        };
        Some(Condition {
            kind: Kind::FeedSilent,
            subject: self.name.clone(),
            details,
            active: silent || off.is_some(),
        })
    }
}

impl Stamps {
    /// Late ones among many that are not are nobody's fault: the nearest one counts.
    fn take(&mut self, at: Timestamp, now: Moment) {
        let late = now.wall.seconds() - at.seconds();
        let nearest = self.nearest.filter(|nearest| nearest.abs() <= late.abs()).unwrap_or(late);
        self.nearest = Some(nearest);
        let since = *self.since.get_or_insert(now);
        if now.since(since) >= STAMPED_OVER {
            self.since = Some(now);
            self.known = self.nearest.take();
        }
    }

    fn complaint(&self) -> Option<String> {
        match self.known? {
            late if late >= LATE => Some(format!("what comes is {late} s old")),
            late if -late >= EARLY => {
                Some(format!("what comes is {} s ahead: one of the clocks is wrong", -late))
            }
            _ => None,
        }
    }
}

/// Whole seconds are enough for people.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds())
}

#[cfg(test)]
mod tests;

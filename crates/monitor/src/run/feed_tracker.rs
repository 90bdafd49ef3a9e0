use std::time::{Duration, Instant};

use bgp::Vantage;
use clock::Moment;
use feeds::{
    Closed, CollectorRibs, Feed, FeedHealth, FeedId, Opened, RibSummary, SessionId, SessionKind,
    Staleness, rib_key,
};
use validator::Finding;

/// How often it is written down that a collector is still followed: a crash costs no more than that
/// a table of the last minute is read once too often.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What the engine knows of the feeds: their health, whose routes are stale, which tables are read. It
/// goes on through a reload.
#[derive(Debug)]
pub(super) struct FeedTracker {
    pub(super) health: FeedHealth,
    staleness: Staleness,
    ribs: CollectorRibs,
    noted: Option<Instant>,
}

impl FeedTracker {
    pub(super) fn new(now: Moment) -> Self {
        FeedTracker {
            health: FeedHealth::new(now),
            staleness: Staleness::default(),
            ribs: CollectorRibs::default(),
            noted: None,
        }
    }

    /// From now on these are the feeds, in the order of the config.
    pub(super) fn follow(&mut self, ids: Vec<FeedId>, feeds: &[Feed], now: Moment) {
        let feeds: Vec<_> = ids.into_iter().zip(feeds.iter().cloned()).collect();
        self.health.follow(&feeds, now);
        self.staleness.follow(feeds.iter().map(|(_, feed)| feed));
    }

    /// Of these vantage points nobody told anything while this program did not run.
    pub(super) fn stale_at_start(&self, vantages: Vec<Vantage>) -> Vec<Vantage> {
        retain(vantages, |vantage| self.staleness.is_live(vantage))
    }

    /// The feeds that there are no more take their sessions with them: of these vantage points nobody
    /// tells any more.
    pub(super) fn end_sessions_without_feed(&mut self, vantages: &[Vantage]) -> Vec<Vantage> {
        let ended = self.health.end_sessions_without_feed();
        let stale = ended.into_iter().flat_map(|(_, kind)| self.lose(&kind, vantages.to_vec()));
        stale.collect()
    }

    /// The vantage points whose feed the config has lost.
    pub(super) fn orphans(&self, vantages: Vec<Vantage>) -> Vec<Vantage> {
        retain(vantages, |vantage| self.staleness.is_orphan(vantage))
    }

    /// A session begins; which vantage points are stale until they are told of again. A router tells its
    /// whole table now.
    pub(super) fn open(
        &mut self,
        opened: &Opened,
        now: Moment,
        vantages: impl FnOnce() -> Vec<Vantage>,
    ) -> Vec<Vantage> {
        if !self.health.open(opened, now) {
            return Vec::new();
        }
        match &opened.kind {
            SessionKind::CollectorRib { collector, known } => {
                self.ribs.begin(collector, *known, opened.feed);
                self.noted = None;
                Vec::new()
            }
            SessionKind::Bmp { router } => {
                self.staleness.connected(router, now.instant);
                retain(vantages(), |vantage| *vantage.collector == **router)
            }
            SessionKind::RisLive { .. } | SessionKind::File => Vec::new(),
        }
    }

    /// A session has ended; what its vantage points do from now on nobody tells.
    pub(super) fn close(
        &mut self,
        closed: Closed,
        now: Moment,
        vantages: impl FnOnce() -> Vec<Vantage>,
    ) -> Vec<Vantage> {
        let Some((feed, kind)) = self.health.close(&closed, now) else { return Vec::new() };
        if let SessionKind::CollectorRib { collector, .. } = &kind {
            self.close_rib(feed, collector, closed.rib.unwrap_or_default(), closed.why);
            return Vec::new();
        }
        self.lose(&kind, vantages())
    }

    /// A router that has connected anew in the meantime is stale already, and tells its table now.
    fn lose(&mut self, kind: &SessionKind, vantages: Vec<Vantage>) -> Vec<Vantage> {
        match kind {
            SessionKind::Bmp { router } if !self.health.has_session_of(router) => {
                self.staleness.disconnected(router);
                retain(vantages, |vantage| *vantage.collector == **router)
            }
            SessionKind::RisLive { .. } => {
                retain(vantages, |vantage| self.staleness.is_public(vantage))
            }
            SessionKind::CollectorRib { collector, .. } => {
                self.ribs.end(collector);
                Vec::new()
            }
            SessionKind::Bmp { .. } | SessionKind::File => Vec::new(),
        }
    }

    /// A table was read, or cannot be.
    fn close_rib(&mut self, feed: FeedId, collector: &str, rib: RibSummary, why: Option<String>) {
        let RibSummary { routes, records, cut } = rib;
        let watched = self.ribs.end(collector);
        let flaw = match (records, routes, cut) {
            (0, ..) => None,
            (_, 0, _) => Some("there is no route in it"),
            (.., cut) => cut.then_some("a part of it is lost"),
        };
        let why = why.or_else(|| flaw.map(str::to_owned));
        if let Some(why) = why {
            tracing::error!(collector, routes, watched, "the feed runs without its table: {why}");
            self.health.lacks_rib(feed, collector);
            return;
        }
        if routes > 0 {
            tracing::info!(collector, routes, watched, "table loaded");
        }
        self.ribs.follow(collector, feed);
        self.noted = None;
    }

    /// Whether a finding of this session still holds: what a table tells may be over since.
    pub(super) fn admits(&mut self, session: SessionId, finding: &Finding) -> bool {
        match self.health.session(session) {
            Some(SessionKind::CollectorRib { collector, .. }) => {
                self.ribs.admit(collector, finding)
            }
            Some(SessionKind::RisLive { .. } | SessionKind::Bmp { .. } | SessionKind::File) => {
                self.ribs.note(finding);
                true
            }
            // Of a feed that has ended something may still be on its way.
            None => false,
        }
    }

    /// The routers that have told their whole table since they connected.
    pub(super) fn complete_ribs(&mut self, now: Moment) -> Vec<String> {
        let FeedTracker { health, staleness, .. } = self;
        let complete = staleness.complete_ribs(now.instant, |router| health.heard(router));
        complete.into_iter().collect()
    }

    /// What the store is to know of the feeds, where it is time to write that down: the collectors that are followed
    /// since their table was read, since what is older than that the store knows better, and for `check` the
    /// VRFs of each router that are left out.
    pub(super) fn positions(&mut self, now: Moment) -> Vec<(String, String)> {
        if self.noted.is_some_and(|noted| noted.elapsed() < NOTED_EVERY) {
            return Vec::new();
        }
        self.noted = Some(Instant::now());
        let followed = self.ribs.followed().filter(|(_, feed)| self.health.is_up(*feed));
        let followed = followed.map(|(collector, _)| (rib_key(collector), now.wall.to_string()));
        let routers = self.health.status(now).into_iter().flat_map(|feed| feed.routers);
        let vrfs = routers.map(|router| (vrfs_key(&router.name), router.left_out.join(", ")));
        followed.chain(vrfs).collect()
    }
}

/// The name of a position in the store: the VRFs of a router that are left out.
pub(crate) fn vrfs_key(router: &str) -> String {
    format!("vrfs {router}")
}

fn retain(mut vantages: Vec<Vantage>, which: impl FnMut(&Vantage) -> bool) -> Vec<Vantage> {
    vantages.retain(which);
    vantages
}

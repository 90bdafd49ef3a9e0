use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bgp::Vantage;

use crate::config::{Config, FeedKind};

/// When a router has told its whole table, if it never says so (GoBGP sends no End-of-RIB): it has
/// been connected for this long..
const SETTLED_AFTER: Duration = Duration::from_secs(60);
/// ..and has said nothing for this long..
const QUIET: Duration = Duration::from_secs(30);
/// ..or is never quiet, but has had time for a million routes at the pace of a slow sender.
const SETTLED_AT_LAST: Duration = Duration::from_secs(900);

/// Whose routes a gap puts in doubt, and when a router has told its whole table since.
#[derive(Debug)]
pub(super) struct Doubt {
    routers: BTreeSet<String>,
    public: bool,
    settling: BTreeMap<String, Settling>,
}

/// A router that connected a short while ago.
#[derive(Debug)]
struct Settling {
    since: Instant,
    last: Instant,
}

impl Doubt {
    pub(super) fn new(config: &Config) -> Self {
        let routers = config.feeds.iter().flat_map(|feed| match &feed.kind {
            FeedKind::Bmp { routers, .. } => routers.as_slice(),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => &[],
        });
        let public = |feed: &crate::config::Feed| matches!(feed.kind, FeedKind::RisLive { .. });
        Doubt {
            routers: routers.map(|router| router.name.clone()).collect(),
            public: config.feeds.iter().any(public),
            settling: BTreeMap::new(),
        }
    }

    /// Whether a vantage point is one that a live feed tells of. Files do not name their collector,
    /// and have no gaps: they are read from where they were left.
    pub(super) fn is_live(&self, vantage: &Vantage) -> bool {
        self.routers.contains(&*vantage.collector) || self.is_public(vantage)
    }

    /// Whether a vantage point is one of a public feed.
    pub(super) fn is_public(&self, vantage: &Vantage) -> bool {
        let collector = &*vantage.collector;
        self.public && !collector.is_empty() && !self.routers.contains(collector)
    }

    /// A router has connected and begins to tell its table.
    pub(super) fn connected(&mut self, router: &str, now: Instant) {
        self.settling.insert(router.to_owned(), Settling { since: now, last: now });
    }

    /// It has said something.
    pub(super) fn heard(&mut self, router: &str, now: Instant) {
        if let Some(settling) = self.settling.get_mut(router) {
            settling.last = now;
        }
    }

    /// It is gone again.
    pub(super) fn disconnected(&mut self, router: &str) {
        self.settling.remove(router);
    }

    /// The routers that have told their whole tables by now, each once.
    pub(super) fn settled(&mut self, now: Instant) -> BTreeSet<String> {
        let is_settled = |settling: &Settling| {
            let (age, quiet) = (now - settling.since, now - settling.last);
            age >= SETTLED_AT_LAST || age >= SETTLED_AFTER && quiet >= QUIET
        };
        self.settling
            .extract_if(.., |_, settling| is_settled(settling))
            .map(|(name, _)| name)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_whole_when_the_router_falls_quiet_or_at_last() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut doubt =
            Doubt { routers: BTreeSet::new(), public: false, settling: BTreeMap::new() };
        for router in ["quiet", "chatty", "gone"] {
            doubt.connected(router, at(0));
        }
        doubt.heard("quiet", at(40));
        doubt.disconnected("gone");
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        for second in (1..900).step_by(20) {
            doubt.heard("chatty", at(second));
            let expected: BTreeSet<String> = named(if second == 81 { &["quiet"] } else { &[] });
            assert_eq!(doubt.settled(at(second)), expected, "{second}");
        }
        assert_eq!(doubt.settled(at(900)), named(&["chatty"]));
        assert_eq!(doubt.settled(at(2000)), named(&[]));
    }
}

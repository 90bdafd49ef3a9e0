use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bgp::Vantage;

use super::tables::Tables;
use crate::config::{Config, FeedKind};

/// When a router has told its whole table, if it never says so (GoBGP sends no End-of-RIB): it has
/// been connected for this long..
const SETTLED_AFTER: Duration = Duration::from_secs(60);
/// ..and has said nothing for this long..
const QUIET: Duration = Duration::from_secs(30);
/// ..or is never quiet, but has had time for a million routes at the pace of a slow sender.
const SETTLED_AT_LAST: Duration = Duration::from_secs(900);

/// Whose routes a gap puts in doubt, and when they are told again: a router tells its whole table, of
/// a public feed tables may be read.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    routers: BTreeSet<String>,
    /// Those that the config had before.
    former: BTreeSet<String>,
    public: bool,
    settling: BTreeMap<String, Settling>,
    pub(super) tables: Tables,
}

/// A router that connected a short while ago.
#[derive(Debug)]
struct Settling {
    since: Instant,
    last: Instant,
}

impl Doubt {
    /// From now on these feeds tell of the vantage points.
    pub(super) fn follow(&mut self, config: &Config) {
        let routers = config.feeds.iter().flat_map(|feed| match &feed.kind {
            FeedKind::Bmp { routers, .. } => routers.as_slice(),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => &[],
        });
        let routers = routers.map(|router| router.name.clone()).collect();
        self.former.extend(std::mem::replace(&mut self.routers, routers));
        self.former.retain(|router| !self.routers.contains(router));
        self.settling.retain(|router, _| self.routers.contains(router));
        let public = |feed: &crate::config::Feed| matches!(feed.kind, FeedKind::RisLive { .. });
        self.public = config.feeds.iter().any(public);
    }

    /// Whether a vantage point is one of which nobody tells any more: the config has lost its feed. It
    /// cannot be said of those without a collector, which are of files.
    pub(super) fn is_orphan(&self, vantage: &Vantage) -> bool {
        !vantage.collector.is_empty() && !self.is_live(vantage)
    }

    /// Whether a vantage point is one that a live feed tells of. Files do not name their collector,
    /// and have no gaps: they are read from where they were left.
    pub(super) fn is_live(&self, vantage: &Vantage) -> bool {
        self.routers.contains(&*vantage.collector) || self.is_public(vantage)
    }

    /// Whether a vantage point is one of a public feed.
    pub(super) fn is_public(&self, vantage: &Vantage) -> bool {
        let collector = &*vantage.collector;
        let of_a_router = self.routers.contains(collector) || self.former.contains(collector);
        self.public && !collector.is_empty() && !of_a_router
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
    fn whose_feed_the_config_has_lost_is_an_orphan() {
        let vantage = |collector: &str| Vantage {
            collector: collector.into(),
            address: [192, 0, 2, 1].into(),
            asn: bgp::Asn::new(64500),
            view: bgp::View::default(),
        };
        let routers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let doubt = |former: &[&str], public| Doubt {
            routers: routers(&["edge1"]),
            former: routers(former),
            public,
            settling: BTreeMap::new(),
            tables: Tables::default(),
        };
        let orphans = |doubt: &Doubt| {
            ["", "edge1", "edge2", "rrc21"].map(|one| doubt.is_orphan(&vantage(one)))
        };
        // Without a public feed whoever is no router of ours, else whoever was one.
        assert_eq!(orphans(&doubt(&[], false)), [false, false, true, true]);
        assert_eq!(orphans(&doubt(&["edge2"], true)), [false, false, true, false]);
    }

    #[test]
    fn a_table_is_whole_when_the_router_falls_quiet_or_at_last() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut doubt = Doubt::default();
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

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bgp::Vantage;

use crate::{Feed, FeedKind};

/// When a router has told its whole table, if it never says so (GoBGP sends no End-of-RIB): it has
/// been connected for this long..
const COMPLETE_AFTER: Duration = Duration::from_secs(60);
/// ..and has said nothing for this long..
const QUIET: Duration = Duration::from_secs(30);
/// ..or is never quiet, but has had time for a million routes at the pace of a slow sender.
const COMPLETE_AT_LAST: Duration = Duration::from_secs(900);

/// Whose routes a gap makes stale (RFC 4724 section 2: kept, until they are told again), and when
/// they are told again: a router tells its whole table, of a public feed tables may be read.
#[derive(Debug, Default)]
pub struct Staleness {
    routers: BTreeSet<String>,
    /// Those that the config had before.
    former: BTreeSet<String>,
    public: bool,
    /// Routers that connected a short while ago, and when.
    telling: BTreeMap<String, Instant>,
}

impl Staleness {
    /// From now on these feeds tell of the vantage points.
    pub fn follow<'a>(&mut self, feeds: impl IntoIterator<Item = &'a Feed>) {
        let mut routers = BTreeSet::new();
        self.public = false;
        for feed in feeds {
            match &feed.kind {
                FeedKind::Bmp { routers: of_feed, .. } => {
                    routers.extend(of_feed.iter().map(|router| router.name.clone()));
                }
                FeedKind::RisLive { .. } => self.public = true,
                FeedKind::MrtDir { .. } => {}
            }
        }
        self.former.extend(std::mem::replace(&mut self.routers, routers));
        self.former.retain(|router| !self.routers.contains(router));
        self.telling.retain(|router, _| self.routers.contains(router));
    }

    /// Whether a vantage point is one of which nobody tells any more: the config has lost its feed. It
    /// cannot be said of those without a collector, which are of files.
    pub fn is_orphan(&self, vantage: &Vantage) -> bool {
        !vantage.collector.is_empty() && !self.is_live(vantage)
    }

    /// Whether a vantage point is one that a live feed tells of. Files do not name their collector,
    /// and have no gaps: they are read from where they were left.
    pub fn is_live(&self, vantage: &Vantage) -> bool {
        self.routers.contains(&*vantage.collector) || self.is_public(vantage)
    }

    /// Whether a vantage point is one of a public feed.
    pub fn is_public(&self, vantage: &Vantage) -> bool {
        let collector = &*vantage.collector;
        let of_a_router = self.routers.contains(collector) || self.former.contains(collector);
        self.public && !collector.is_empty() && !of_a_router
    }

    /// A router has connected and begins to tell its table.
    pub fn connected(&mut self, router: &str, now: Instant) {
        self.telling.insert(router.to_owned(), now);
    }

    /// It is gone again.
    pub fn disconnected(&mut self, router: &str) {
        self.telling.remove(router);
    }

    /// The routers that have told their whole tables by now, each once. `heard` says when one last said
    /// something.
    pub fn complete_ribs(
        &mut self,
        now: Instant,
        heard: impl Fn(&str) -> Option<Instant>,
    ) -> BTreeSet<String> {
        let is_complete = |router: &str, since: Instant| {
            let last = heard(router).map_or(since, |heard| heard.max(since));
            let (age, quiet) = (now - since, now.saturating_duration_since(last));
            age >= COMPLETE_AT_LAST || age >= COMPLETE_AFTER && quiet >= QUIET
        };
        let complete = self.telling.extract_if(.., |router, since| is_complete(router, *since));
        complete.map(|(name, _)| name).collect()
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
            vrf: None,
        };
        let routers = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let staleness = |former: &[&str], public| Staleness {
            routers: routers(&["edge1"]),
            former: routers(former),
            public,
            telling: BTreeMap::new(),
        };
        let orphans = |staleness: &Staleness| {
            ["", "edge1", "edge2", "rrc21"].map(|one| staleness.is_orphan(&vantage(one)))
        };
        // Without a public feed whoever is no router of ours, else whoever was one.
        assert_eq!(orphans(&staleness(&[], false)), [false, false, true, true]);
        assert_eq!(orphans(&staleness(&["edge2"], true)), [false, false, true, false]);
    }

    #[test]
    fn a_table_is_whole_when_the_router_falls_quiet_or_at_last() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut staleness = Staleness::default();
        for router in ["quiet", "chatty", "gone"] {
            staleness.connected(router, at(0));
        }
        staleness.disconnected("gone");
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut complete = |second: u64| {
            let heard = |router: &str| match router {
                "quiet" => Some(at(second.min(40))),
                _ => Some(at(second)),
            };
            staleness.complete_ribs(at(second), heard)
        };
        for second in (1..900).step_by(20) {
            let expected: BTreeSet<String> = named(if second == 81 { &["quiet"] } else { &[] });
            assert_eq!(complete(second), expected, "{second}");
        }
        assert_eq!(complete(900), named(&["chatty"]));
        assert_eq!(complete(2000), named(&[]));
    }
}

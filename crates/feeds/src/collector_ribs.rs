//! Tables that are read beside a live feed: what they tell is older than what is told, and stands
//! back behind it.

use std::collections::{BTreeMap, HashMap};

use bgp::{Prefix, Timestamp, Vantage};
use validator::{Finding, RouteFinding, RouteState};

use crate::FeedId;

/// How many routes are remembered that were withdrawn while tables are read. In a storm that withdraws
/// more than these, tables tell nothing any more: what is not told is better than what is over.
const WITHDRAWN_MAX: usize = 1 << 16;

/// What has to be known of the tables that are read, and of the collectors whose table was.
#[derive(Debug, Default)]
pub struct CollectorRibs {
    /// Those that are being read, and how many routes in and around watched space they told of.
    open: BTreeMap<String, u64>,
    /// What was withdrawn since.
    withdrawn: HashMap<Vantage, Withdrawn>,
    count: usize,
    /// The collectors whose table is in, and the feed that has followed them since.
    followed: BTreeMap<String, FeedId>,
}

/// What a vantage point has no more, and since when.
#[derive(Debug, Default)]
struct Withdrawn {
    all: Option<Timestamp>,
    routes: HashMap<Prefix, Timestamp>,
}

/// The name of a position in the store: until when a collector was followed whose table was loaded.
pub fn rib_key(collector: &str) -> String {
    format!("table {collector}")
}

impl CollectorRibs {
    /// A table begins. `known` says that the collector was followed before.
    pub fn begin(&mut self, collector: &str, known: bool, feed: FeedId) {
        self.open.insert(collector.to_owned(), 0);
        if known {
            self.follow(collector, feed);
        }
    }

    /// A table is at its end; how many of its routes in and around watched space still stood.
    pub fn end(&mut self, collector: &str) -> u64 {
        let routes = self.open.remove(collector).unwrap_or_default();
        if self.open.is_empty() {
            self.withdrawn.clear();
            self.count = 0;
        }
        routes
    }

    /// From now on the feed tells what becomes of this collector's table.
    pub fn follow(&mut self, collector: &str, feed: FeedId) {
        self.followed.insert(collector.to_owned(), feed);
    }

    /// The collectors whose table is in, and the feed that has followed them since.
    pub fn followed(&self) -> impl Iterator<Item = (&str, FeedId)> {
        self.followed.iter().map(|(collector, feed)| (collector.as_str(), *feed))
    }

    /// Remembers what is withdrawn.
    pub fn note(&mut self, finding: &Finding) {
        if self.open.is_empty() || self.count >= WITHDRAWN_MAX {
            return;
        }
        match finding {
            Finding::Route(RouteFinding {
                at,
                vantage,
                prefix,
                state: RouteState::Withdrawn,
                ..
            }) => {
                let withdrawn = self.withdrawn.entry(vantage.clone()).or_default();
                withdrawn.routes.insert(*prefix, *at);
                self.count += 1;
            }
            Finding::SessionDown { at, vantage } => {
                self.withdrawn.entry(vantage.clone()).or_default().all = Some(*at);
                self.count += 1;
            }
            Finding::Route(_)
            | Finding::SessionUp { .. }
            | Finding::Stale { .. }
            | Finding::EndOfRib { .. }
            | Finding::OffenderActivity { .. }
            | Finding::Condition { .. } => {}
        }
    }

    /// Whether what the table of a collector tells still stands: it was not withdrawn since.
    pub fn admit(&mut self, collector: &str, finding: &Finding) -> bool {
        let is_over = self.is_over(finding);
        if let (false, Finding::Route(_), Some(routes)) =
            (is_over, finding, self.open.get_mut(collector))
        {
            *routes += 1;
        }
        !is_over
    }

    fn is_over(&self, finding: &Finding) -> bool {
        let (at, vantage, prefix) = match finding {
            Finding::Route(RouteFinding { at, vantage, prefix, .. }) => (at, vantage, Some(prefix)),
            Finding::SessionUp { at, vantage } => (at, vantage, None),
            Finding::SessionDown { .. }
            | Finding::Stale { .. }
            | Finding::EndOfRib { .. }
            | Finding::OffenderActivity { .. }
            | Finding::Condition { .. } => return false,
        };
        let since = |withdrawn: &Withdrawn| {
            let of_prefix = prefix.and_then(|prefix| withdrawn.routes.get(prefix)).copied();
            withdrawn.all.max(of_prefix)
        };
        let withdrawn = self.withdrawn.get(vantage).and_then(since);
        self.count >= WITHDRAWN_MAX || withdrawn.is_some_and(|since| since >= *at)
    }
}

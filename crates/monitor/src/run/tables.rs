//! Tables that are read beside a live feed: what they tell is older than what is told, and stands
//! back behind it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use bgp::{Asn, Event, Observation, Prefix, Timestamp, Vantage};
use parser::{Element, ElementKind, Walker};
use validator::{Finding, RouteFinding, Sight};

use super::engine::Engine;
use super::feed::table_key;
use super::input::FeedId;

/// How often it is written down that a collector is still followed: a crash costs no more than that
/// a table of the last minute is read once too often.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// How many routes are remembered that were taken back while tables are read. In a storm that takes
/// more than these, tables tell nothing any more: what is not told is better than what is over.
const GONE_MAX: usize = 1 << 16;

/// How many routes elsewhere a table may tell of: more than RPKI calls invalid on a normal day.
const ELSEWHERE_MAX: usize = 1 << 17;

/// A table that is being read.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) walker: Walker,
    pub(super) told: Told,
}

/// What came of a table so far.
#[derive(Debug)]
pub(super) struct Told {
    collector: String,
    /// An earlier one was loaded, and its collector followed.
    known: bool,
    routes: u64,
    ours: u64,
    /// What is told of others, each once: hundreds of peers hold the same.
    elsewhere: HashSet<(Prefix, Asn)>,
}

/// What has to be known of the tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// How many are being read.
    open: usize,
    /// What was taken back since.
    gone: HashMap<Vantage, Gone>,
    count: usize,
    /// The collectors whose table is in, and the feed that has followed them since.
    followed: BTreeMap<String, FeedId>,
    noted: Option<Instant>,
}

/// What a vantage point has no more, and since when.
#[derive(Debug, Default)]
struct Gone {
    all: Option<Timestamp>,
    routes: HashMap<Prefix, Timestamp>,
}

impl Table {
    /// `known` says whether the store has followed this collector before.
    pub(super) fn new(collector: &str, known: bool) -> Self {
        let (collector, walker) = (collector.to_owned(), Walker::new(collector));
        let told = Told { collector, known, routes: 0, ours: 0, elsewhere: HashSet::new() };
        Table { walker, told }
    }
}

impl Tables {
    /// A table begins.
    pub(super) fn begin(&mut self, table: &Table, feed: FeedId) {
        self.open += 1;
        if table.told.known {
            self.follow(&table.told.collector, feed);
        }
    }

    /// A table is at its end.
    pub(super) fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.open == 0 {
            self.gone.clear();
            self.count = 0;
        }
    }

    fn follow(&mut self, collector: &str, feed: FeedId) {
        self.followed.insert(collector.to_owned(), feed);
        self.noted = None;
    }

    /// Remembers what is taken back.
    pub(super) fn note(&mut self, finding: &Finding) {
        if self.open == 0 || self.count >= GONE_MAX {
            return;
        }
        match finding {
            Finding::Route(RouteFinding {
                at, vantage, prefix, sight: Sight::Withdrawn, ..
            }) => {
                let gone = self.gone.entry(vantage.clone()).or_default();
                gone.routes.insert(*prefix, *at);
                self.count += 1;
            }
            Finding::SessionDown { at, vantage } => {
                self.gone.entry(vantage.clone()).or_default().all = Some(*at);
                self.count += 1;
            }
            _ => {}
        }
    }

    /// Whether what a table tells was taken back since.
    fn is_over(&self, vantage: &Vantage, prefix: Prefix, at: Timestamp) -> bool {
        let since = |gone: &Gone| gone.all.max(gone.routes.get(&prefix).copied());
        let taken_back = self.gone.get(vantage).and_then(since);
        self.count >= GONE_MAX || taken_back.is_some_and(|since| since >= at)
    }
}

impl Engine {
    /// Takes in a route of a table.
    pub(super) fn recall(&mut self, element: &Element<'_>, told: &mut Told) {
        let ElementKind::Rib { nlri, .. } = element.kind else { return };
        told.routes += 1;
        let origin = element.origin();
        if !self.sieve.wants_announcement(nlri.prefix, &origin) {
            return;
        }
        if !self.sieve.wants(nlri.prefix)
            && let Some(asn) = origin.asn()
            && (told.elsewhere.len() >= ELSEWHERE_MAX || !told.elsewhere.insert((nlri.prefix, asn)))
        {
            return;
        }
        if self.doubt.tables.is_over(element.vantage, nlri.prefix, element.at) {
            return;
        }
        let finding = element.observation().and_then(|it| self.sieve.sift(&without_path_id(it)));
        if let Some(finding) = finding {
            told.ours += u64::from(matches!(finding, Finding::Route(_)));
            self.handle(self.clock.now().unwrap_or(element.at), finding.recalled());
        }
    }

    /// A table was read, or cannot be.
    pub(super) fn close_table(&mut self, feed: FeedId, table: &Table, why: Option<String>) {
        self.doubt.tables.end();
        let Told { collector, routes, ours, .. } = &table.told;
        let statistics = table.walker.statistics();
        let flaw = match (statistics.records, *routes, statistics.damaged.streams) {
            (0, ..) => None,
            (_, 0, _) => Some("there is no route in it"),
            (.., lost) => (lost > 0).then_some("a part of it is lost"),
        };
        let why = why.or_else(|| flaw.map(str::to_owned));
        if let Some(why) = why {
            tracing::error!(collector, routes, ours, "the feed runs without its table: {why}");
            self.sight.lacks_table(feed, collector);
            return;
        }
        if *routes > 0 {
            tracing::info!(collector, routes, ours, "table loaded");
        }
        self.doubt.tables.follow(collector, feed);
    }

    /// Writes down until when the collectors were followed whose tables are in: what is older than
    /// that the store knows better.
    pub(super) fn note_followed(&mut self, now: Timestamp) {
        let tables = &mut self.doubt.tables;
        if tables.followed.is_empty()
            || tables.noted.is_some_and(|noted| noted.elapsed() < NOTED_EVERY)
        {
            return;
        }
        tables.noted = Some(Instant::now());
        let mut noted = false;
        for (collector, feed) in &tables.followed {
            if self.sight.is_up(*feed) {
                self.ledger.set_position(&table_key(collector), now.to_string());
                noted = true;
            }
        }
        if noted {
            self.touch();
        }
    }
}

/// RIS Live does not tell path identifiers: what has one could never be taken back.
fn without_path_id(mut observation: Observation) -> Observation {
    if let Event::Route { path_id, .. } = &mut observation.event {
        *path_id = 0;
    }
    observation
}

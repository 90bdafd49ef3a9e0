//! One connection or one file: bytes in, findings out.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bgp::{Asn, Prefix, Timestamp};
use clock::wall;
use parser::{Everything, Item, Received, Step, Walker, bmp};
use tokio::sync::{mpsc, watch};
use validator::{Classifier, Finding, RouteFinding};

use crate::classify::ElementClassifier;
use crate::event::{Batch, Closed, FeedEvent, FeedId, Opened, RibSummary, SessionId, SessionKind};
use crate::known_origins::KnownOrigins;
use crate::{Activity, Position, log};

/// How many events may wait for the engine: a batch has a few hundred findings, so this bounds the
/// memory, and it covers the few milliseconds of a commit at any rate that feeds have.
pub const EVENTS: usize = 64;

/// How many findings leave together: then the next batch is begun.
const BATCH: usize = 512;

/// How long a live feed waits for room before it gives its connection up. A commit takes milliseconds,
/// so by then the disk or the engine is in trouble, and a gap that is told is better than a delay that
/// nobody sees.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far the time stamp of a live message may be off: beyond that the time of arrival counts, or a wrong
/// clock somewhere would stand in the names of incidents and in mails.
const STAMP_OFF: Duration = Duration::from_secs(300);

/// Of how many prefixes of others a table may tell: more than RPKI calls invalid on a normal day.
const OTHERS_MAX: usize = 1 << 17;

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Nobody takes events any more.
    #[error("the engine has ended")]
    Ended,
    /// It is alive, and stuck.
    #[error("the engine has taken nothing for {} s", PATIENCE.as_secs())]
    Full,
    /// No further byte is of any use.
    #[error("what it sends is not BMP version 3")]
    NotBmp,
}

/// Where a feed opens its sessions.
#[derive(Clone, Debug)]
pub(crate) struct Outlet {
    pub(crate) feed: FeedId,
    /// What logs call the feed.
    pub(crate) name: &'static str,
    pub(crate) events: mpsc::Sender<FeedEvent>,
    pub(crate) sessions: Arc<AtomicU64>,
    pub(crate) classifiers: watch::Receiver<Arc<Classifier>>,
    pub(crate) known_origins: Arc<KnownOrigins>,
}

/// What turns the bytes of a session into elements.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// RIS Live messages, each with a newline behind.
    RisLive { walker: Walker, over_http: bool },
    /// One connection of one router, which is known under this name.
    Bmp { session: Box<bmp::Session>, router: String },
    /// A file of a folder. What stands before record `from` was taken in before, and how far it is read
    /// stands in the store under `key`.
    Mrt { walker: Walker, key: String, file: String, from: u64 },
    /// A table that is loaded before anything else.
    Rib(Walker),
    /// A table that is read beside a live feed.
    CollectorRib { walker: Walker, collector: String, known: bool },
}

/// Reads one connection or one file.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    events: mpsc::Sender<FeedEvent>,
    classifiers: watch::Receiver<Arc<Classifier>>,
    reader: Reader,
}

/// All of a session but its channel.
#[derive(Debug)]
struct Reader {
    name: String,
    decoder: Decoder,
    classifier: ElementClassifier,
    activity: Arc<Activity>,
    bytes: Vec<u8>,
    taken: usize,
    last: bool,
    damages: u64,
    findings: Vec<Finding>,
    reached: Option<Timestamp>,
    /// How far it was read when the last batch left.
    sent: (u64, Option<Timestamp>),
    rib: RibSummary,
    /// What the table of a collector tells of others, each once: hundreds of peers hold the same.
    others: HashSet<(Prefix, Asn)>,
    lost: bool,
}

impl Decoder {
    fn kind(&self) -> SessionKind {
        match self {
            Decoder::RisLive { over_http, .. } => SessionKind::RisLive { over_http: *over_http },
            Decoder::Bmp { router, .. } => SessionKind::Bmp { router: router.clone() },
            Decoder::Mrt { .. } | Decoder::Rib(_) => SessionKind::File,
            Decoder::CollectorRib { collector, known, .. } => {
                SessionKind::CollectorRib { collector: collector.clone(), known: *known }
            }
        }
    }

    /// How many messages, records or lines it has read so far.
    const fn messages(&self) -> u64 {
        match self {
            Decoder::Bmp { session, .. } => session.statistics().records,
            Decoder::RisLive { walker, .. }
            | Decoder::Mrt { walker, .. }
            | Decoder::Rib(walker)
            | Decoder::CollectorRib { walker, .. } => walker.statistics().records,
        }
    }
}

impl Outlet {
    /// Begins a connection.
    pub(crate) async fn open(&self, decoder: Decoder) -> Result<Session, Blocked> {
        let (session, opened) = self.session(decoder);
        self.events.send(opened).await.map_err(|_| Blocked::Ended)?;
        Ok(session)
    }

    /// Begins a file, from a thread.
    pub(crate) fn open_blocking(&self, decoder: Decoder) -> Result<Session, Blocked> {
        let (session, opened) = self.session(decoder);
        self.events.blocking_send(opened).map_err(|_| Blocked::Ended)?;
        Ok(session)
    }

    fn session(&self, decoder: Decoder) -> (Session, FeedEvent) {
        let id = SessionId(self.sessions.fetch_add(1, Ordering::Relaxed));
        let activity = Arc::new(Activity::new(Instant::now()));
        let kind = decoder.kind();
        let opened = Opened { feed: self.feed, session: id, kind, activity: activity.clone() };
        let mut classifiers = self.classifiers.clone();
        let classifier = classifiers.borrow_and_update().clone();
        let name = match &decoder {
            Decoder::Bmp { router, .. } => router.clone(),
            Decoder::RisLive { .. }
            | Decoder::Mrt { .. }
            | Decoder::Rib(_)
            | Decoder::CollectorRib { .. } => self.name.to_owned(),
        };
        let classifier = ElementClassifier::of_session(classifier, self.known_origins.clone());
        let reader = Reader::new(name, decoder, classifier, activity);
        let events = self.events.clone();
        (Session { id, events, classifiers, reader }, FeedEvent::Opened(opened))
    }
}

impl Session {
    /// Takes bytes of a live feed in.
    pub(crate) async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Blocked> {
        self.take(bytes, false);
        while let Some(batch) = self.next_batch() {
            self.events.send_timeout(batch, PATIENCE).await.map_err(|error| match error {
                mpsc::error::SendTimeoutError::Timeout(_) => Blocked::Full,
                mpsc::error::SendTimeoutError::Closed(_) => Blocked::Ended,
            })?;
        }
        if self.reader.lost { Err(Blocked::NotBmp) } else { Ok(()) }
    }

    /// Takes bytes of a file in, which can wait.
    pub(crate) fn push_blocking(&mut self, bytes: Vec<u8>) -> Result<(), Blocked> {
        self.take(bytes, false);
        while let Some(batch) = self.next_batch() {
            self.events.blocking_send(batch).map_err(|_| Blocked::Ended)?;
        }
        Ok(())
    }

    /// What it has read so far, for whoever follows that.
    pub(crate) const fn activity(&self) -> &Arc<Activity> {
        &self.reader.activity
    }

    /// The other side is there, though it has nothing to tell.
    pub(crate) fn is_alive(&self) {
        self.reader.activity.live(Instant::now());
    }

    /// Whether the bytes so far end within a message.
    pub(crate) const fn is_partial(&self) -> bool {
        self.reader.taken < self.reader.bytes.len()
    }

    /// Says that nothing more will come.
    pub(crate) async fn close(mut self, why: Option<String>) {
        // With the engine gone nobody needs to know.
        for event in self.end(why) {
            let _ = self.events.send(event).await;
        }
    }

    /// The same from a thread.
    pub(crate) fn close_blocking(mut self, why: Option<String>) {
        for event in self.end(why) {
            let _ = self.events.blocking_send(event);
        }
    }

    fn take(&mut self, bytes: Vec<u8>, last: bool) {
        if self.classifiers.has_changed().unwrap_or(false) {
            let classifier = self.classifiers.borrow_and_update().clone();
            self.reader.classifier.set_classifier(classifier);
        }
        self.reader.take(bytes, last);
    }

    fn next_batch(&mut self) -> Option<FeedEvent> {
        self.reader.next_batch(self.id).map(FeedEvent::Batch)
    }

    /// What is left to be sent.
    fn end(&mut self, why: Option<String>) -> Vec<FeedEvent> {
        self.take(Vec::new(), true);
        let mut events = Vec::new();
        while let Some(batch) = self.next_batch() {
            events.push(batch);
        }
        let rib = self.reader.rib_summary();
        events.push(FeedEvent::Closed(Closed { session: self.id, why, rib }));
        events
    }
}

impl Reader {
    fn new(
        name: String,
        decoder: Decoder,
        classifier: ElementClassifier,
        activity: Arc<Activity>,
    ) -> Self {
        Reader {
            name,
            decoder,
            classifier,
            activity,
            bytes: Vec::new(),
            taken: 0,
            last: false,
            damages: 0,
            findings: Vec::new(),
            reached: None,
            sent: (0, None),
            rib: RibSummary::default(),
            others: HashSet::new(),
            lost: false,
        }
    }

    fn take(&mut self, bytes: Vec<u8>, last: bool) {
        if !bytes.is_empty() {
            self.activity.hear(Instant::now());
        }
        // Mostly nothing was left over, and then nothing needs to be copied.
        if self.taken == self.bytes.len() {
            self.bytes = bytes;
        } else {
            self.bytes.drain(..self.taken);
            self.bytes.extend_from_slice(&bytes);
        }
        self.taken = 0;
        self.last = last;
    }

    /// Reads on, until there is a batch, or nothing more to read. Where nothing was found in a live
    /// feed there is none.
    fn next_batch(&mut self, session: SessionId) -> Option<Batch> {
        let more = match &self.decoder {
            Decoder::Bmp { .. } => self.read_bmp(),
            Decoder::RisLive { .. }
            | Decoder::Mrt { .. }
            | Decoder::Rib(_)
            | Decoder::CollectorRib { .. } => self.read_records(),
        };
        self.activity.count(self.decoder.messages(), self.damages);
        let position = self.position();
        let read = (self.decoder.messages(), self.reached);
        let has_moved = matches!(self.decoder, Decoder::Mrt { .. } | Decoder::Rib(_))
            && (self.sent != read || self.last && !more);
        if self.findings.is_empty() && !has_moved {
            return None;
        }
        if !more {
            // The end of a file is told once.
            self.last = false;
        }
        self.sent = read;
        let findings = std::mem::take(&mut self.findings);
        let classifier = self.classifier.classifier().clone();
        Some(Batch { session, findings, reached: self.reached, position, classifier })
    }

    fn position(&self) -> Option<(String, Position)> {
        match &self.decoder {
            Decoder::Mrt { key, file, walker, .. } => {
                let done = self.last && self.taken == self.bytes.len();
                let records = walker.statistics().records;
                Some((key.clone(), Position { file: file.clone(), records, done }))
            }
            Decoder::RisLive { .. }
            | Decoder::Bmp { .. }
            | Decoder::Rib(_)
            | Decoder::CollectorRib { .. } => None,
        }
    }

    /// Whether there may be more in the bytes that are there.
    fn read_records(&mut self) -> bool {
        let Reader { decoder, bytes, taken, last, findings, classifier, .. } = self;
        let Reader { name, damages, reached, rib, others, .. } = self;
        let mut arrived = None;
        let (walker, from, of_a_table) = match decoder {
            Decoder::Mrt { walker, from, .. } => (walker, *from, false),
            Decoder::RisLive { walker, .. } => {
                arrived = Some(wall());
                (walker, 0, false)
            }
            Decoder::Rib(walker) => (walker, 0, false),
            Decoder::CollectorRib { walker, .. } => (walker, 0, true),
            Decoder::Bmp { .. } => return false,
        };
        while findings.len() < BATCH {
            let left = bytes.get(*taken..).unwrap_or_default();
            let step = if walker.statistics().records < from {
                // It was taken in before; but what it says of its peers is needed.
                walker.step(left, *last, &|_: Prefix| false, &mut |_| {})
            } else {
                walker.step(left, *last, &Received, &mut |item| match item {
                    Item::Element(ref element) => {
                        *reached = (*reached).max(Some(element.at));
                        let newcomer = classifier.newcomer(element);
                        findings.extend(newcomer.map(|up| stamped(up, arrived)));
                        let finding = classifier.finding(element);
                        if of_a_table {
                            rib.routes += 1;
                            findings.extend(finding.and_then(|it| restore(it, others)));
                        } else {
                            findings.extend(finding.map(|finding| stamped(finding, arrived)));
                        }
                    }
                    Item::Damage(damage) => log::damage(name, damages, damage),
                })
            };
            match step {
                Step::Read(octets) => *taken += octets,
                Step::More(_) => break,
                Step::End => {
                    *taken = bytes.len();
                    break;
                }
            }
        }
        if let (Decoder::RisLive { .. }, Some(reached)) = (decoder, *reached) {
            self.activity.stamp(reached);
        }
        self.findings.len() >= BATCH
    }

    /// The same of a router.
    fn read_bmp(&mut self) -> bool {
        let Reader { decoder, bytes, taken, last, findings, classifier, .. } = self;
        let Reader { damages, reached, lost, activity, .. } = self;
        let Decoder::Bmp { session, router } = decoder else { return false };
        let now = wall();
        let mut step = Step::More(0);
        while findings.len() < BATCH {
            let left = bytes.get(*taken..).unwrap_or_default();
            let mut sink = |event: bmp::Event<'_>| match event {
                bmp::Event::Item(Item::Element(ref element)) => {
                    *reached = (*reached).max(Some(element.at));
                    let found = classifier.newcomer(element).into_iter();
                    let found = found.chain(classifier.finding(element));
                    findings.extend(found.map(|finding| stamped(finding, Some(now))));
                }
                bmp::Event::Item(Item::Damage(damage)) => log::damage(router, damages, damage),
                bmp::Event::EndOfRib { vantage, family, .. } => {
                    log::router(router, &event);
                    let (at, vantage, family) = (now, vantage.clone(), Some(family));
                    findings.push(Finding::EndOfRib { at, vantage, family });
                }
                bmp::Event::VrfLeftOut { vrf, .. } => {
                    log::router(router, &event);
                    activity.leaves_out(left_out(vrf));
                }
                bmp::Event::Initiation { .. }
                | bmp::Event::PeerUp { .. }
                | bmp::Event::PeerDown { .. }
                | bmp::Event::Termination { .. } => log::router(router, &event),
            };
            step = session.step(left, Some(now), &Everything, &mut sink);
            match step {
                Step::Read(octets) => *taken += octets,
                Step::More(_) | Step::End => {
                    if *last {
                        session.close(bytes.len() - *taken, &mut sink);
                        *taken = bytes.len();
                    }
                    break;
                }
            }
        }
        if step == Step::End {
            *lost = true;
            *taken = bytes.len();
        }
        self.findings.len() >= BATCH
    }

    fn rib_summary(&self) -> Option<RibSummary> {
        match &self.decoder {
            Decoder::CollectorRib { walker, .. } => {
                let statistics = walker.statistics();
                let (records, cut) = (statistics.records, statistics.damaged.streams > 0);
                Some(RibSummary { records, cut, ..self.rib })
            }
            Decoder::RisLive { .. }
            | Decoder::Bmp { .. }
            | Decoder::Mrt { .. }
            | Decoder::Rib(_) => None,
        }
    }
}

/// A VRF as it is told: by its distinguisher, and the name of its table where there is one.
fn left_out(vrf: &bmp::VrfLeftOut) -> String {
    let name = vrf.table_name.as_deref().map(|name| format!(" ({})", bgp::excerpt(name, 60)));
    format!("VRF {}{}", vrf.distinguisher, name.unwrap_or_default())
}

/// A finding with a time that can be believed: `arrived` is when it came, of a live feed.
fn stamped(finding: Finding, arrived: Option<Timestamp>) -> Finding {
    match arrived {
        Some(now) if now.since(finding.at()).max(finding.at().since(now)) > STAMP_OFF => {
            finding.seen_at(now)
        }
        _ => finding,
    }
}

/// A finding of a table that is older than what its feed tells: RIS Live tells no path identifiers, so
/// what has one could never be taken back. Of others each prefix counts once.
fn restore(finding: Finding, others: &mut HashSet<(Prefix, Asn)>) -> Option<Finding> {
    match finding {
        Finding::Route(route) => {
            Some(Finding::Route(RouteFinding { path_id: 0, ..route }).restored())
        }
        Finding::OffenderActivity { prefix, origin, .. } => {
            let is_new = others.len() < OTHERS_MAX && others.insert((prefix, origin));
            is_new.then_some(finding)
        }
        // A table tells of no session.
        Finding::SessionUp { .. }
        | Finding::SessionDown { .. }
        | Finding::Stale { .. }
        | Finding::EndOfRib { .. }
        | Finding::Condition { .. } => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Where a feed of tests opens its sessions, and what comes out.
    pub(crate) fn outlet(events: usize) -> (Outlet, mpsc::Receiver<FeedEvent>) {
        let (events, receiver) = mpsc::channel(events);
        let classifier = Classifier::new(Arc::default(), Arc::default());
        let (_, classifiers) = watch::channel(Arc::new(classifier));
        let sessions = Arc::default();
        let (feed, known_origins) = (FeedId(0), Arc::default());
        (Outlet { feed, name: "test", events, sessions, classifiers, known_origins }, receiver)
    }
}

//! The thread that owns the incidents and the store: inputs in, commits out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alerter::Queue;
use alerter::replies::Incoming;
use bgp::{Timestamp, Vantage};
use clock::{Moment, StepDetector};
use delivery::{DeliveryEvent, DeliveryQueues, ReplyLog};
use feeds::{Batch, Feed, FeedEvent, FeedStatus};
use rpki_sources::Rpki;
use store::Journal;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use validator::{Area, Classifier, Condition, Finding, IncidentKind};

use super::api;
use super::carried_state::{CarriedState, OpenStore};
use super::clock::Clock;
use super::commands::{set_addresses, set_windows, take_requests};
use super::conditions::NotifiedConditions;
use super::data_sources::{latest_step, nothing_watched, rpki_faults, rpki_stale, sources};
use super::feed_tracker::FeedTracker;
use super::input::Input;
use super::offenders::OpenOffenders;
use super::roa_watch::{RoaWatch, has_outgrown};
use super::store_faults::{StoreFaults, Writer};
use crate::config::Config;
use crate::reclassify::reclassify;

/// What no notice waits for is written at the latest after this: a crash costs a second of reading
/// again, and a busy feed costs one write a second.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// How often the feeds are looked at, the service manager is told, and deliveries that wait are.
const TURN: Duration = Duration::from_secs(1);

/// How long mails that are under way may take when all else has stopped. What is cut off is sent again
/// at the next start, with the same Message-ID.
const LAST_MAILS: Duration = Duration::from_secs(3);

/// All that the thread owns.
pub(super) struct Engine {
    pub(super) config: Config,
    pub(super) journal: Journal,
    /// What the feeds classify by, and where they get another one.
    pub(super) classifier: Arc<Classifier>,
    pub(super) classifiers: watch::Sender<Arc<Classifier>>,
    pub(super) clock: Clock,
    pub(super) clock_steps: StepDetector,
    pub(super) feeds: FeedTracker,
    pub(super) queues: DeliveryQueues,
    pub(super) events: mpsc::Receiver<FeedEvent>,
    pub(super) deliveries: mpsc::Receiver<DeliveryEvent>,
    pub(super) inputs: mpsc::Receiver<Input>,
    /// Since when RPKI data was waited for.
    pub(super) since: Moment,
    pub(super) rpki: watch::Receiver<Rpki>,
    pub(super) health: watch::Sender<web::Health>,
    pub(super) offenders: OpenOffenders,
    pub(super) runtime: Handle,
    pub(super) notified: NotifiedConditions,
    pub(super) roa_watch: RoaWatch,
    pub(super) replies: ReplyLog,
    /// Since when there is something to commit.
    pub(super) dirty: Option<Instant>,
    /// When a commit has failed that is to be tried again.
    pub(super) failed: Option<Instant>,
    pub(super) store_faults: StoreFaults,
    pub(super) turned: Option<Instant>,
    /// The VRPs name prefixes of ours that are not watched yet.
    pub(super) outgrown: bool,
    /// No other engine ran before this one.
    pub(super) first: bool,
}

/// What the engine wakes up for.
enum Next {
    Event(FeedEvent),
    Delivery(DeliveryEvent),
    Input(Input),
    /// It is time for something else.
    Time,
}

impl Engine {
    /// Works until it is told to stop. What cannot be written is kept, told from memory, and tried again for as
    /// long as it takes.
    pub(super) fn run(mut self) -> CarriedState {
        self.judge_again();
        // Before the first route: it is judged by the data that are there.
        self.take_rpki();
        self.sort_out_feeds();
        loop {
            match self.next() {
                Next::Input(Input::Stop) => break,
                Next::Input(input) => self.take(input),
                Next::Delivery(event) => self.take_delivery(event),
                Next::Event(event) => self.take_event(event),
                Next::Time => {}
            }
            self.do_what_is_due();
        }
        // What the feeds have brought by now; those that go on bring more.
        for _ in 0..feeds::EVENTS {
            let Ok(event) = self.events.try_recv() else { break };
            self.take_event(event);
        }
        self.finish()
    }

    /// What the feeds of now mean for what was seen before.
    fn sort_out_feeds(&mut self) {
        if std::mem::take(&mut self.first) {
            // What the store knows may be of a clock that was ahead: that is a step, too.
            if let Clock::Live(clock) = &self.clock {
                self.clock_steps = StepDetector::new(clock.latest());
            }
            let stale = self.feeds.stale_at_start(self.vantages());
            self.mark_stale(stale);
        }
        let vantages = self.vantages();
        let stale = self.feeds.end_sessions_without_feed(&vantages);
        self.mark_stale(stale);
        self.forget_orphans();
    }

    /// Of what the config has no more nobody will say that it is over.
    fn forget_orphans(&mut self) {
        let Some(now) = self.clock.now() else { return };
        for vantage in self.feeds.orphans(self.vantages()) {
            self.handle(now, Finding::SessionDown { at: now, vantage });
        }
        let mut known = self.feeds.health.conditions(Moment::now());
        known.extend(self.rpki_conditions(Moment::now()));
        let is_known = |kind: IncidentKind, subject: &str| {
            known.iter().any(|known| known.kind == kind && known.subject == subject)
        };
        for (kind, subject) in self.journal.incidents().view().conditions() {
            let of_a_source = kind.spec().area == Area::DataSource;
            if of_a_source && !is_known(kind, &subject) {
                let details = vec!["the config does not have it any more".to_owned()];
                self.tell(Condition { kind, subject, details, active: false });
            }
        }
    }

    /// What there is; what people say goes before what feeds tell.
    fn next(&mut self) -> Next {
        if let Ok(input) = self.inputs.try_recv() {
            return Next::Input(input);
        }
        if let Ok(event) = self.deliveries.try_recv() {
            return Next::Delivery(event);
        }
        if let Ok(event) = self.events.try_recv() {
            return Next::Event(event);
        }
        let now = self.clock.now().unwrap_or_default();
        let due = self.journal.next_timeout().map(|due| due.since(now));
        let left = |since: Instant, every: Duration| every.saturating_sub(since.elapsed());
        let waits = [
            Some(self.turned.map(|turned| left(turned, TURN)).unwrap_or_default()),
            self.dirty.map(|dirty| left(dirty, COMMIT_EVERY)),
            due.filter(|due| !due.is_zero()),
        ];
        let wait = waits.into_iter().flatten().min().unwrap_or_default();
        let Engine { runtime, inputs, deliveries, events, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                biased;
                input = inputs.recv() => Next::Input(input.unwrap_or(Input::Stop)),
                Some(event) = deliveries.recv() => Next::Delivery(event),
                Some(event) = events.recv() => Next::Event(event),
                () = tokio::time::sleep(wait) => Next::Time,
            }
        })
    }

    /// Takes in what a feed tells.
    fn take_event(&mut self, event: FeedEvent) {
        let now = Moment::now();
        let vantages = || self.journal.incidents().view().vantages();
        let stale = match event {
            FeedEvent::Batch(batch) => return self.take_batch(batch, now),
            FeedEvent::Opened(opened) => self.feeds.open(&opened, now, vantages),
            FeedEvent::Closed(closed) => self.feeds.close(closed, now, vantages),
        };
        self.mark_stale(stale);
        self.update_sources(now);
    }

    fn take_batch(&mut self, batch: Batch, read: Moment) {
        let Batch { session, findings, reached, position, classifier } = batch;
        let is_current = Arc::ptr_eq(&classifier, &self.classifier);
        for finding in findings {
            if !self.feeds.admits(session, &finding) {
                continue;
            }
            let finding = if is_current { finding } else { reclassify(&self.classifier, finding) };
            let now = self.clock.note(finding.at(), read);
            self.handle(now, finding);
        }
        if let Some(reached) = reached {
            self.clock.note(reached, read);
        }
        if let Some((key, position)) = position {
            self.journal.set_position(&key, position.to_string());
            self.touch();
        }
    }

    fn vantages(&self) -> Vec<Vantage> {
        self.journal.incidents().view().vantages()
    }

    /// Of these vantage points nobody tells what they do now.
    fn mark_stale(&mut self, vantages: Vec<Vantage>) {
        let Some(now) = self.clock.now() else { return };
        for vantage in vantages {
            self.handle(now, Finding::Stale { at: now, vantage });
        }
    }

    /// A router has told its whole table since it connected.
    fn end_of_rib(&mut self, router: &str) {
        let Some(now) = self.clock.now() else { return };
        let of = |vantage: &Vantage| *vantage.collector == *router;
        for vantage in self.vantages().into_iter().filter(of) {
            self.handle(now, Finding::EndOfRib { at: now, vantage, family: None });
        }
    }

    fn take(&mut self, input: Input) {
        // Recordings tell their own time: before them is before everything.
        let at = self.clock.now().unwrap_or_default();
        match input {
            Input::Addresses { receiver, addresses } => {
                set_addresses(&mut self.journal, at, receiver, addresses);
            }
            Input::Windows { source, windows } => {
                set_windows(&mut self.journal, at, source, windows);
            }
            Input::Stop => {}
        }
    }

    fn take_delivery(&mut self, event: DeliveryEvent) {
        let now = Moment::now();
        match event {
            DeliveryEvent::Attempted(report) => {
                let written = self.queues.settle(self.journal.store().outbox(), now, report);
                self.store_faults.note(Writer::Outbox, &written);
                self.dispatch();
            }
            DeliveryEvent::Received { incoming, done } => self.take_mail(now, incoming, done),
        }
    }

    /// Does what a mail says, and writes it down.
    fn take_mail(&mut self, now: Moment, incoming: Incoming, done: oneshot::Sender<()>) {
        let at = self.clock.at(now).unwrap_or(now.wall);
        let taken = self.replies.take(&mut self.journal, at, now.wall, incoming);
        let written = self.commit();
        match taken {
            // Where nobody waits for it any more it is read again, and done no second time.
            Ok(()) if written => drop(done.send(())),
            // It is not marked as seen, and comes again.
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the store does not take what a mail says"),
        }
    }

    /// What notices say of the feeds and the RPKI data; how the feeds stand.
    fn update_sources(&mut self, now: Moment) -> Vec<FeedStatus> {
        self.feeds.health.sample(now);
        let feeds = self.feeds.health.status(now);
        let tells_all = self.config.feeds.iter().any(Feed::tells_all);
        let step = latest_step(&self.clock_steps, now);
        let asked = self.offenders.told(now.wall, &self.feeds.health.asked());
        self.journal.set_sources(sources(&feeds, &self.rpki.borrow(), tells_all, asked, step));
        feeds
    }

    /// What is due, whatever came in.
    fn do_what_is_due(&mut self) {
        if self.rpki.has_changed().unwrap_or(false) {
            self.take_rpki();
        }
        if let Some(now) = self.clock.now()
            && self.journal.next_timeout().is_some_and(|due| due <= now)
        {
            self.journal.handle_timeout(now);
            self.touch();
        }
        if self.turned.is_none_or(|turned| turned.elapsed() >= TURN) {
            self.turned = Some(Instant::now());
            self.check_and_publish(Moment::now());
        }
        let old = self.dirty.is_some_and(|dirty| dirty.elapsed() >= COMMIT_EVERY);
        if old || self.journal.has_notices() {
            self.commit();
        }
    }

    /// What nobody tells: requests, conditions, deliveries that are due. Then says how things are.
    fn check_and_publish(&mut self, now: Moment) {
        if let Some(step) = self.clock_steps.check(now) {
            tracing::warn!("{step}");
        }
        let due = self.queues.time(now);
        self.store_faults.look_after(&mut self.journal, now);
        let taken = take_requests(&mut self.journal, self.clock.at(now).unwrap_or(now.wall), due);
        self.store_faults.note(Writer::Requests, &taken);
        let feeds = self.update_sources(now);
        for (key, value) in self.feeds.positions(now) {
            self.journal.set_position(&key, value);
            self.touch();
        }
        for router in self.feeds.complete_ribs(now) {
            self.end_of_rib(&router);
        }
        for condition in self.conditions(now) {
            self.tell(condition);
        }
        self.dispatch();
        self.publish(feeds, now);
    }

    /// What is so of feeds, RPKI data and deliveries.
    fn conditions(&mut self, now: Moment) -> Vec<Condition> {
        let mut conditions = self.feeds.health.conditions(now);
        conditions.extend(self.rpki_conditions(now));
        conditions.extend(self.roa_watch.held_back(&self.rpki.borrow()));
        conditions.extend(self.queues.conditions());
        conditions.extend(self.store_faults.conditions(now));
        let (snapshot, watches) = (self.classifier.snapshot(), self.classifier.watches());
        conditions.extend(self.roa_watch.expiries(snapshot, watches, now.wall));
        conditions.extend(self.replies.conditions(now.wall));
        conditions
    }

    /// What is so of the RPKI data, and of what is watched by it.
    fn rpki_conditions(&self, now: Moment) -> Vec<Condition> {
        let (rpki, watches) = (self.rpki.borrow(), self.classifier.watches());
        let mut conditions = rpki_faults(&rpki, now);
        conditions.extend(rpki_stale(&rpki, self.since, now));
        conditions.extend(nothing_watched(&self.config, watches, &rpki, self.since, now));
        conditions
    }

    fn publish(&mut self, feeds: Vec<FeedStatus>, now: Moment) {
        let incidents = self.journal.incidents().view().summaries();
        let open = self.offenders.publish(&incidents);
        let (waiting, dead) = self.journal.store().outbox().queue_length().unwrap_or_default();
        self.journal.set_queue(Queue { waiting, dead });
        let summary = self.feeds.health.summary(now);
        let store_fault = self.store_faults.text().map(str::to_owned);
        let status = store_fault.clone().unwrap_or_else(|| {
            format!("{summary}, {open} incidents open, {waiting} mails wait, {dead} were given up")
        });
        self.health.send_replace(web::Health {
            status,
            feeds_healthy: self.feeds.health.is_healthy(now),
            at: Some(Instant::now()),
            store_fault,
            feeds: feeds.into_iter().map(api::feed).collect(),
            rpki: api::rpki(&self.rpki.borrow()),
            watches: self.classifier.watches().len(),
            watch_list_outgrown: self.outgrown,
            channels: api::channels(&self.config),
            channels_fault: self.queues.fault_of_all(&api::receivers(&self.config)),
            clock_steps: self.clock_steps.steps(),
        });
    }

    /// Makes a condition an incident, or ends one, if it is not as it was.
    fn tell(&mut self, condition: Condition) {
        // Without a record there is no time to tell it at.
        let Some(now) = self.clock.now() else { return };
        if !self.notified.update(&condition) {
            return;
        }
        let Condition { kind, subject, details, active } = condition;
        let finding = Finding::Condition { at: now, kind, subject, details, active };
        self.handle(now, finding);
    }

    /// The RPKI data has changed, or how good it is.
    fn take_rpki(&mut self) {
        let rpki = self.rpki.borrow_and_update().clone();
        let known = self.classifier.snapshot().clone();
        // Expired data are gone, and without any everything would lose its cover: the last verdicts
        // stand, and that they are old is an incident of its own.
        if !rpki.health.is_usable() || Arc::ptr_eq(&rpki.snapshot, &known) {
            return;
        }
        tracing::info!(vrps = rpki.snapshot.vrps.len(), source = %rpki.snapshot.source, "new RPKI data");
        for condition in self.roa_watch.changes(&known, &rpki.snapshot, self.classifier.watches()) {
            self.tell(condition);
        }
        self.outgrown |= has_outgrown(&self.config, self.classifier.watches(), &rpki.snapshot);
        self.classifier = Arc::new(self.classifier.with_snapshot(rpki.snapshot));
        self.classifiers.send_replace(self.classifier.clone());
        self.judge_again();
    }

    /// What was seen before, by what is known now.
    fn judge_again(&mut self) {
        if let Some(now) = self.clock.now() {
            self.journal.judge_again(now, &self.classifier);
            self.touch();
        }
    }

    fn handle(&mut self, now: Timestamp, finding: Finding) {
        self.journal.handle(now, finding);
        self.touch();
    }

    fn touch(&mut self) {
        self.dirty.get_or_insert_with(Instant::now);
    }

    /// Writes what there is; whether it is written. Where it is not, what there is to tell goes out from memory.
    fn commit(&mut self) -> bool {
        if self.failed.is_some_and(|failed| failed.elapsed() < COMMIT_EVERY) {
            self.dispatch();
            return false;
        }
        let due = self.queues.time(Moment::now());
        let committed = self.journal.commit(due);
        self.store_faults.note(Writer::Journal, &committed);
        let written = committed.is_ok();
        match committed {
            Ok(notices) => {
                for notice in &notices {
                    tracing::warn!(incident = %notice.incident, "{}", notice.title);
                }
                (self.dirty, self.failed) = (None, None);
                self.queues.forget_unstored();
            }
            Err(_) => {
                (self.dirty, self.failed) = (Some(Instant::now()), Some(Instant::now()));
            }
        }
        self.dispatch();
        written
    }

    fn dispatch(&mut self) {
        let (outbox, now) = (self.journal.store().outbox(), Moment::now());
        let mut dispatched = self.queues.dispatch(outbox, now);
        if let Some(fault) = self.store_faults.of_journal() {
            let unwritten = self.journal.unwritten();
            let from_memory = self.queues.dispatch_unstored(outbox, unwritten, fault, now);
            dispatched = dispatched.and(from_memory);
        }
        self.store_faults.note(Writer::Outbox, &dispatched);
    }

    /// Mails under way get a moment. The feeds may go on meanwhile: what they bring waits.
    fn finish(mut self) -> CarriedState {
        self.commit();
        let end = Instant::now() + LAST_MAILS;
        while !self.queues.is_idle() {
            let left = end.saturating_duration_since(Instant::now());
            let next = async { tokio::time::timeout(left, self.deliveries.recv()).await };
            match self.runtime.block_on(next) {
                Ok(Some(event)) => self.take_delivery(event),
                Ok(None) | Err(_) => break,
            }
        }
        self.feeds.health.log_totals(Moment::now());
        CarriedState {
            events: self.events,
            deliveries: self.deliveries,
            inputs: self.inputs,
            store: Some(OpenStore {
                journal: self.journal,
                replies: self.replies,
                faults: self.store_faults,
            }),
            clock: Some(self.clock),
            clock_steps: self.clock_steps,
            queues: self.queues.carried(),
            feeds: self.feeds,
            notified: self.notified,
            roa_watch: self.roa_watch,
            snapshot: self.classifier.snapshot().clone(),
            since: self.since,
        }
    }
}

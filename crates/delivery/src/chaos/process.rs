//! One life of the daemon, from what a feed tells to its deliveries.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alerter::dispatch::{DispatchRules, Routing};
use alerter::{ChannelName, Receiver};
use bgp::{Change, Event, Observation, Timestamp};
use clock::{Moment, MonotonicClock};
use store::{Journal, StoreError};
use tokio::sync::mpsc;
use validator::{Classifier, Finding};

use super::record::Decided;
use super::script::{ADDRESSES, FEED};
use crate::attempt::{DeliveryAttempt, DeliveryReport};
use crate::queues::{CarriedQueues, DeliveryQueue, DeliveryQueues};

/// One life of the daemon: engine, store and queues.
pub(super) struct Process {
    pub(super) journal: Journal,
    pub(super) queues: DeliveryQueues,
    pub(super) attempts: mpsc::Receiver<DeliveryAttempt>,
    clock: MonotonicClock,
    classifier: Arc<Classifier>,
    /// How far the script is read.
    read: usize,
    /// Nobody tells what the vantage points do, or nobody did.
    is_stale: bool,
    pub(super) fault: Option<String>,
    /// Nobody can read the store any more.
    corrupt: bool,
}

/// What there is to read at a time.
pub(super) struct Feed<'a> {
    pub(super) observations: &'a [(u64, Observation)],
    /// Until when it tells; none while it tells nothing.
    pub(super) until: Option<u64>,
}

impl Process {
    /// Goes on where the store ends.
    pub(super) fn start(path: &Path, classifier: Arc<Classifier>, now: Moment) -> Self {
        let rules = incidents::Rules::default();
        let begun = Journal::open_or_begin(path, now.wall, rules, dispatch_rules(), Arc::default());
        let (journal, _, _) = begun.unwrap();
        let read = journal.store().position(FEED).unwrap();
        let read = read.map_or(0, |read| read.parse().unwrap());
        let (queues, attempts) = queues(CarriedQueues::none(now));
        // The engine's time goes on from what the store knows.
        let clock = MonotonicClock::new(Moment { wall: now.wall.max(journal.now()), ..now });
        let (is_stale, fault, corrupt) = (false, None, false);
        let mut process = Process {
            journal,
            queues,
            attempts,
            clock,
            classifier,
            read,
            is_stale,
            fault,
            corrupt,
        };
        process.judge_again(now);
        process.mark_stale(now);
        process
    }

    /// New rules and new queues; what is not written yet stays known.
    pub(super) fn reload(&mut self) {
        let rules = incidents::Rules::default();
        self.journal.change_rules(rules, dispatch_rules(), Arc::default()).unwrap();
        (self.queues, self.attempts) = queues(self.queues.carried());
    }

    /// There are other RPKI data.
    pub(super) fn take_rpki(&mut self, classifier: Arc<Classifier>, now: Moment) {
        self.classifier = classifier;
        self.judge_again(now);
    }

    /// One turn of the engine: what the feed has brought, what is due, what is to be written and sent.
    pub(super) fn turn(&mut self, feed: &Feed<'_>, now: Moment) -> Vec<Decided> {
        if std::mem::take(&mut self.corrupt) {
            self.journal.leave_file().unwrap();
        }
        let put_back = self.journal.put_back(now.wall);
        self.note(&put_back);
        match feed.until {
            Some(until) => self.read(feed.observations, until, now),
            None => self.mark_stale(now),
        }
        let time = self.clock.read(now);
        self.journal.handle_timeout(time);
        let decided = self.unwritten();
        let committed = self.journal.commit(self.queues.time(now));
        self.note(&committed);
        self.fault = committed.err().map(|error| error.to_string());
        if self.fault.is_none() {
            self.queues.forget_unstored();
        }
        self.dispatch(now);
        decided
    }

    fn read(&mut self, observations: &[(u64, Observation)], until: u64, now: Moment) {
        let time = self.clock.read(now);
        while let Some((_, observation)) =
            observations.get(self.read).filter(|(at, _)| *at <= until)
        {
            self.observe(time, observation);
            self.read += 1;
            self.journal.set_position(FEED, self.read.to_string());
        }
        if std::mem::take(&mut self.is_stale) {
            self.read_table(&observations[..self.read], time);
        }
    }

    /// What the vantage points hold after a gap.
    fn read_table(&mut self, observations: &[(u64, Observation)], time: Timestamp) {
        let mut table = BTreeMap::new();
        for (_, observation) in observations {
            let Event::Route { prefix, ref change, .. } = observation.event else { continue };
            let held = matches!(change, Change::Announce(_)).then_some(observation);
            table.insert((&observation.vantage, prefix), held);
        }
        table.values().flatten().for_each(|held| self.observe(time, held));
        for vantage in self.journal.incidents().view().vantages() {
            self.journal.handle(time, Finding::EndOfRib { at: time, vantage, family: None });
        }
    }

    fn observe(&mut self, time: Timestamp, observation: &Observation) {
        let finding = self.classifier.classify(observation, false).unwrap();
        self.journal.handle(time, finding);
    }

    fn mark_stale(&mut self, now: Moment) {
        if std::mem::replace(&mut self.is_stale, true) {
            return;
        }
        let time = self.clock.read(now);
        for vantage in self.journal.incidents().view().vantages() {
            self.journal.handle(time, Finding::Stale { at: time, vantage });
        }
    }

    fn judge_again(&mut self, now: Moment) {
        let time = self.clock.read(now);
        self.journal.judge_again(time, &self.classifier);
    }

    fn dispatch(&mut self, now: Moment) {
        let outbox = self.journal.store().outbox();
        // What cannot be written is tried again.
        let mut dispatched = self.queues.dispatch(outbox, now);
        if let Some(fault) = &self.fault {
            let unwritten = self.journal.unwritten();
            let from_memory = self.queues.dispatch_unstored(outbox, unwritten, fault, now);
            dispatched = dispatched.and(from_memory);
        }
        self.note(&dispatched);
    }

    pub(super) fn settle(&mut self, now: Moment, report: DeliveryReport) {
        // What cannot be written is tried again.
        let settled = self.queues.settle(self.journal.store().outbox(), now, report);
        self.note(&settled);
        self.dispatch(now);
    }

    /// What is decided and not written yet.
    pub(super) fn unwritten(&self) -> Vec<Decided> {
        let unwritten = self.journal.unwritten().iter();
        let to_each = unwritten.flat_map(|one| {
            let message_id = one.content.message_id();
            one.to.iter().map(|to| Decided {
                address: to.address.clone(),
                message_id: message_id.to_owned(),
            })
        });
        to_each.collect()
    }

    /// Whether all lies in memory alone.
    pub(super) fn is_in_memory(&self) -> bool {
        self.corrupt || self.journal.store().is_in_memory()
    }

    fn note<T>(&mut self, done: &Result<T, StoreError>) {
        self.corrupt |= done.as_ref().is_err_and(StoreError::is_corrupt);
    }
}

fn dispatch_rules() -> DispatchRules {
    let noc = |address: &str| Receiver { channel: ChannelName::Mail, address: address.to_owned() };
    DispatchRules {
        routing: Routing::to_all(ADDRESSES.map(noc).into()),
        ..DispatchRules::default()
    }
}

fn queues(carried: CarriedQueues) -> (DeliveryQueues, mpsc::Receiver<DeliveryAttempt>) {
    let (sender, attempts) = mpsc::channel(8);
    let queue = DeliveryQueue::new(sender, Duration::from_secs(5 * 86_400));
    (DeliveryQueues::new([(ChannelName::Mail, queue)].into(), false, carried), attempts)
}

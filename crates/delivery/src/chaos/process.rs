//! One life of the daemon, as far as it has a store and deliveries.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alerter::dispatch::{DispatchRules, Routing};
use alerter::{ChannelName, Receiver};
use clock::Moment;
use store::{Journal, StoreError};
use tokio::sync::mpsc;
use validator::Finding;

use super::script::{ADDRESSES, FEED};
use crate::attempt::{DeliveryAttempt, DeliveryReport};
use crate::queues::{DeliveryQueue, DeliveryQueues};

/// One life of the daemon: engine, store and queues.
pub(super) struct Process {
    pub(super) journal: Journal,
    pub(super) queues: DeliveryQueues,
    pub(super) attempts: mpsc::Receiver<DeliveryAttempt>,
    pub(super) begun: Moment,
    /// How far the script is read.
    pub(super) read: usize,
    pub(super) fault: Option<String>,
    /// Nobody can read the store any more.
    corrupt: bool,
}

impl Process {
    /// Goes on where the store ends.
    pub(super) fn start(path: &Path, now: Moment) -> Self {
        let rules = incidents::Rules::default();
        let begun = Journal::open_or_begin(path, now.wall, rules, dispatch_rules(), Arc::default());
        let (journal, _, _) = begun.unwrap();
        let read = journal.store().position(FEED).unwrap();
        let read = read.map_or(0, |read| read.parse().unwrap());
        let (queues, attempts) = queues(now);
        // The engine's time goes on from what the store knows.
        let begun = Moment { wall: now.wall.max(journal.now()), ..now };
        Process { journal, queues, attempts, begun, read, fault: None, corrupt: false }
    }

    /// New rules and new queues; what is not written yet stays known.
    pub(super) fn reload(&mut self) {
        let rules = incidents::Rules::default();
        self.journal.change_rules(rules, dispatch_rules(), Arc::default()).unwrap();
        (self.queues, self.attempts) = queues(self.queues.begun());
    }

    /// One turn of the engine: what the feed has brought, what is due, what is to be written and sent.
    pub(super) fn turn(
        &mut self,
        script: &[(u64, Finding)],
        elapsed: u64,
        now: Moment,
    ) -> Vec<String> {
        if std::mem::take(&mut self.corrupt) {
            self.journal.leave_file().unwrap();
        }
        let put_back = self.journal.put_back(now.wall);
        self.note(&put_back);
        // Where the wall clock is set back the engine goes on from there.
        let time = now.wall.max(self.begun.wall + now.since(self.begun));
        while let Some((_, finding)) = script.get(self.read).filter(|(at, _)| *at <= elapsed) {
            self.journal.handle(time, finding.clone());
            self.read += 1;
            self.journal.set_position(FEED, self.read.to_string());
        }
        self.journal.handle_timeout(time);
        let decided = self.journal.unwritten().iter();
        let decided = decided.map(|one| one.content.message_id().to_owned()).collect();
        let committed = self.journal.commit(self.queues.time(now));
        self.note(&committed);
        self.fault = committed.err().map(|error| error.to_string());
        if self.fault.is_none() {
            self.queues.forget_unstored();
        }
        self.dispatch(now);
        decided
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
        storm: None,
        notification_limit: None,
        ..DispatchRules::default()
    }
}

fn queues(now: Moment) -> (DeliveryQueues, mpsc::Receiver<DeliveryAttempt>) {
    let (sender, attempts) = mpsc::channel(8);
    let queue = DeliveryQueue::new(sender, Duration::from_secs(5 * 86_400));
    (DeliveryQueues::new([(ChannelName::Mail, queue)].into(), false, now), attempts)
}

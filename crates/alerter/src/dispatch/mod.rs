//! Who is told what, and when not: what stands between the engine and the outbox.
//!
//! Start with [`Dispatcher`]: notices go in with [`Dispatcher::handle`], what people want with
//! [`Dispatcher::order`], and a [`Notification`] comes out of [`Dispatcher::poll`]. `decision` is the way of a notice
//! through what may hold it back: closed, mute, maintenance `window`, widening `backoff`, `storm`,
//! `ceiling`. What time brings stands in `reminder`, `maintenance` and `digest`. Like the engine the
//! dispatcher is a deterministic fold that asks no clock, and it must never know how a notification is carried.
//!
//! What people may rely on:
//!
//! * An acknowledgement stops reminders and escalation; updates still come. What becomes more
//!   serious, or reopens, was not acknowledged.
//! * A mute, a maintenance window and a close hold back everything but the end: whoever was told that an
//!   incident opened is told when it is over, since programs keep what they were not told the end
//!   of. Who was told nothing is not told the end either.
//! * When a mute ends and the incident is still open, one notification says how it stands and what was missed;
//!   when a window ends, one summary tells all that it held.
//! * Nothing is told twice: a notification that stands for several notices bears the Message-ID of the last.

mod alert_state;
mod backoff;
mod control;
mod decision;
mod digest;
mod maintenance;
mod notification_limit;
mod order;
mod reminder;
mod routing;
mod rules;
mod storm;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use bgp::{Prefix, Timestamp};
use serde::{Deserialize, Serialize};

pub use order::{Order, Refusal, What};
pub use routing::{Hours, Routing, Rule};
pub use rules::{Digest, DispatchRules, Step, Storm};

use crate::annotations::{Annotations, Silence};
use crate::notice::AnnotatedNotice;
use crate::notification::Notification;
use crate::receiver::Receiver;
use crate::summary::{GroupKey, Queue};
use crate::window::{Planned, Window, WindowKey};
use alert_state::AlertState;
use incidents::{IncidentId, Incidents, Notice, Timers, pairs};
use notification_limit::NotificationLimit;
use storm::Storms;

/// Decides which notices become notifications, for whom, and when.
///
/// After each call of [`handle`](Self::handle), [`order`](Self::order) and
/// [`handle_timeout`](Self::handle_timeout), drain [`poll`](Self::poll). The engine, of which a
/// reminder or a summary asks how things stand, is an argument.
#[derive(Debug)]
pub struct Dispatcher {
    rules: DispatchRules,
    queue: Queue,
    memory: Memory,
    timers: Timers<Wake>,
    notifications: VecDeque<Notification>,
}

/// Everything that the past decides.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    now: Timestamp,
    #[serde(rename = "cases")]
    alerts: BTreeMap<IncidentId, AlertState>,
    #[serde(rename = "mutes")]
    silences: Vec<Silence>,
    windows: Vec<Planned>,
    storms: Storms,
    #[serde(rename = "meters", with = "pairs")]
    limits: BTreeMap<Receiver, NotificationLimit>,
    #[serde(with = "pairs")]
    addresses: BTreeMap<Receiver, Vec<IpAddr>>,
    /// Which receivers lie inside what which open incidents are about.
    #[serde(with = "pairs")]
    endangered: BTreeMap<Receiver, BTreeMap<IncidentId, Prefix>>,
}

/// What time alone changes; those of the same time in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    /// A mute ends.
    Silences,
    Window(WindowKey),
    Alert(IncidentId),
    Storm(GroupKey),
    NotificationLimit(Receiver),
    Digest,
}

impl Dispatcher {
    /// Nothing is known yet.
    pub fn new(rules: DispatchRules) -> Self {
        Dispatcher {
            rules,
            queue: Queue::default(),
            memory: Memory::default(),
            timers: Timers::default(),
            notifications: VecDeque::new(),
        }
    }

    /// What the dispatcher knows, as JSON; rules and undrained notifications are not part of it.
    ///
    /// # Errors
    ///
    /// Only where the memory for it cannot be had.
    pub fn save(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.memory)
    }

    /// Goes on from what [`save`](Self::save) wrote, under rules that may have changed since.
    ///
    /// # Errors
    ///
    /// Where the bytes are not what `save` wrote.
    pub fn restore(rules: DispatchRules, saved: &[u8]) -> Result<Self, serde_json::Error> {
        let mut dispatcher = Dispatcher::new(rules);
        dispatcher.memory = serde_json::from_slice(saved)?;
        dispatcher.schedule_all();
        Ok(dispatcher)
    }

    /// What waits to be delivered, as the daily digest tells it.
    pub fn set_queue(&mut self, queue: Queue) {
        self.queue = queue;
    }

    /// A notice as it is told while nobody has said anything of the incident.
    pub fn annotated(&self, notice: Notice) -> AnnotatedNotice {
        AnnotatedNotice::new(notice, &self.rules.operator)
    }

    /// Takes a notice in, after everything that was due before it.
    pub fn handle(&mut self, now: Timestamp, notice: Notice, incidents: &Incidents) {
        self.handle_timeout(now, incidents);
        self.decide(notice, incidents);
    }

    /// Does what is due at `now`. Safe to call early or twice. What comes at intervals and was
    /// missed more than once is made up for once.
    pub fn handle_timeout(&mut self, now: Timestamp, incidents: &Incidents) {
        while let Some((due, wake)) = self.timers.take_due(now) {
            self.memory.now = self.memory.now.max(due);
            match wake {
                Wake::Silences => self.end_silences(incidents),
                Wake::Window(key) => self.end_window(&key, incidents),
                Wake::Alert(id) => self.wake_alert(&id, now, incidents),
                Wake::Storm(group_key) => self.tell_storm(&group_key, incidents),
                Wake::NotificationLimit(receiver) => self.tell_held_back(&receiver, incidents),
                Wake::Digest => self.tell_day(now, incidents),
            }
        }
        if now > self.memory.now {
            let first = self.memory.now == Timestamp::default();
            self.memory.now = now;
            if first {
                self.schedule_digest();
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// The next notification, in the order in which they were decided.
    pub fn poll(&mut self) -> Option<Notification> {
        self.notifications.pop_front()
    }

    /// What people have said about an incident; none of one that was never told.
    pub fn annotations(&self, incident: &IncidentId) -> Option<&Annotations> {
        self.memory.alerts.get(incident).map(|alert| &alert.annotations)
    }

    /// The addresses that a receiver depends on, as it was last told.
    pub fn addresses(&self, receiver: &Receiver) -> &[IpAddr] {
        self.memory.addresses.get(receiver).map_or(&[], Vec::as_slice)
    }

    /// What is muted, and until when.
    pub fn silences(&self) -> &[Silence] {
        &self.memory.silences
    }

    /// The maintenance windows that are open or to come, each with its source; empty of those that
    /// were added by an order.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Window)> {
        self.memory.windows.iter().map(|planned| (planned.source.as_str(), &planned.window))
    }

    /// How many notifications' worth is held back and will be told: alerts, and rows of digests.
    pub fn held(&self) -> usize {
        let alerts = self.memory.alerts.values().filter(|alert| alert.held.is_some()).count();
        alerts + self.memory.limits.values().map(|limit_of| limit_of.held.len()).sum::<usize>()
    }

    fn schedule_all(&mut self) {
        let ids: Vec<IncidentId> = self.memory.alerts.keys().cloned().collect();
        ids.iter().for_each(|id| self.schedule_alert(id));
        let storms: Vec<GroupKey> = self.memory.storms.group_keys().cloned().collect();
        storms.iter().for_each(|group_key| self.schedule_storm(group_key));
        let limits: Vec<Receiver> = self.memory.limits.keys().cloned().collect();
        limits.iter().for_each(|receiver| self.schedule_limit(receiver));
        self.schedule_windows();
        self.schedule_silences();
        if self.memory.now != Timestamp::default() {
            self.schedule_digest();
        }
    }
}

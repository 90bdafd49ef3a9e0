use std::collections::HashSet;

use alerter::{ChannelName, Notification, Receiver};
use bgp::Timestamp;
use store::Delivery;

use crate::settlement::Settlement;

/// So many deliveries are kept in memory; what comes after them waits for the store.
const MOST: usize = 10_000;

/// What the store does not take, while it does not.
///
/// The numbers of these deliveries are below zero, which those of the store never are.
#[derive(Debug, Default)]
pub(crate) struct Unstored {
    /// How many notifications were taken in.
    notifications: usize,
    deliveries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    delivery: Delivery,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting(Timestamp),
    UnderWay,
    Over,
}

impl Unstored {
    /// Takes in those that are new: the last ones.
    pub(crate) fn take_in(&mut self, notifications: &[Notification]) {
        for notification in notifications.get(self.notifications..).unwrap_or_default() {
            for receiver in &notification.to {
                if self.deliveries.len() < MOST {
                    let number = self.deliveries.len() + 1;
                    let delivery = delivery(notification, receiver, -(number as i64));
                    let state = State::Waiting(Timestamp::default());
                    self.deliveries.push(Entry { delivery, state });
                }
            }
        }
        self.notifications = notifications.len();
    }

    /// What is due for a channel: of each thread and receiver only the oldest that is not over.
    pub(crate) fn due(&self, channel: &ChannelName, now: Timestamp) -> Vec<Delivery> {
        let mut waited_for = HashSet::new();
        let mut due = Vec::new();
        for Entry { delivery, state } in &self.deliveries {
            if delivery.receiver.channel != *channel || *state == State::Over {
                continue;
            }
            let is_first = waited_for.insert((&delivery.receiver.address, &delivery.thread));
            if is_first && matches!(state, State::Waiting(next) if *next <= now) {
                due.push(delivery.clone());
            }
        }
        due
    }

    /// It is under way now.
    pub(crate) fn begin(&mut self, number: i64) {
        if let Some(entry) = self.entry(number) {
            entry.state = State::UnderWay;
        }
    }

    /// Whether it is about one of these, be it one that is forgotten.
    pub(crate) const fn knows(&self, settlement: &Settlement) -> bool {
        settlement.number < 0
    }

    pub(crate) fn settle(&mut self, settlement: &Settlement) {
        if let Some(entry) = self.entry(settlement.number) {
            entry.delivery.attempts += 1;
            entry.state = settlement.next_attempt().map_or(State::Over, State::Waiting);
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.deliveries.iter().all(|entry| entry.state != State::UnderWay)
    }

    fn entry(&mut self, number: i64) -> Option<&mut Entry> {
        let place = usize::try_from(number.checked_neg()?).ok()?.checked_sub(1)?;
        self.deliveries.get_mut(place)
    }
}

fn delivery(notification: &Notification, receiver: &Receiver, number: i64) -> Delivery {
    let Notification { urgent, at, content, .. } = notification;
    Delivery {
        number,
        receiver: receiver.clone(),
        message_id: content.message_id().to_owned(),
        thread: content.thread_id(),
        urgent: *urgent,
        // What cannot be written cannot be read either, and is then refused.
        content: serde_json::to_string(content).unwrap_or_default(),
        created: *at,
        attempts: 0,
        last_error: None,
    }
}

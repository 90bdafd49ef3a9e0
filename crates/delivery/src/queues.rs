use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use alerter::content::mail::Late;
use alerter::{ChannelName, Receiver};
use bgp::Timestamp;
use network::jittered;
use store::{Delivery, Outbox, StoreError};
use tokio::sync::mpsc;
use validator::{Condition, IncidentKind};

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome};

/// From the first try to the second; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// Up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// A mail that is later than this says so.
const LATE: Duration = Duration::from_secs(60);

/// A relay may defer a first mail for a while (greylisting); what takes longer is told.
const TELL_AFTER: Duration = Duration::from_secs(600);

/// What is on its way. The outbox itself lies in the store, which only its owner writes.
#[derive(Debug)]
pub struct DeliveryQueues {
    queues: BTreeMap<ChannelName, DeliveryQueue>,
    /// Since when each delivery that was not taken yet is being tried.
    begun: HashMap<i64, Timestamp>,
    /// The times of the notices are those of recordings, and say nothing of a delay.
    recorded: bool,
    /// What is wrong with each place that a notification was for; nothing where the last one was taken.
    troubles: BTreeMap<String, Option<String>>,
}

/// The way to a worker.
#[derive(Debug)]
pub struct DeliveryQueue {
    attempts: mpsc::Sender<DeliveryAttempt>,
    give_up_after: Duration,
    in_flight: HashSet<i64>,
}

impl DeliveryQueue {
    /// What is not taken within `give_up_after` is given up.
    pub(crate) fn new(attempts: mpsc::Sender<DeliveryAttempt>, give_up_after: Duration) -> Self {
        DeliveryQueue { attempts, give_up_after, in_flight: HashSet::new() }
    }
}

impl DeliveryQueues {
    /// A queue for each channel. If `recorded`, notices bear the times of recordings, which say nothing of a
    /// delay.
    pub fn new(queues: BTreeMap<ChannelName, DeliveryQueue>, recorded: bool) -> Self {
        DeliveryQueues { queues, begun: HashMap::new(), recorded, troubles: BTreeMap::new() }
    }

    /// Hands over what is due, as far as each worker has room: what is not stays due. Notifications go by
    /// the wall clock, whatever the clock of the engine is.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be read.
    pub fn dispatch(&mut self, outbox: Outbox<'_>, now: Timestamp) -> Result<(), StoreError> {
        for (channel, queue) in &mut self.queues {
            let room = queue.attempts.capacity();
            if room == 0 || outbox.next_due(channel)?.is_none_or(|due| due > now) {
                continue;
            }
            for delivery in outbox.due(channel, now, queue.in_flight.len() + room)? {
                if queue.in_flight.contains(&delivery.number) {
                    continue;
                }
                let created = if self.recorded { now } else { delivery.created };
                let by = now.since(*self.begun.entry(delivery.number).or_insert(created));
                let why = delivery.last_error.clone().unwrap_or_else(|| "this monitor".to_owned());
                let late = (by >= LATE).then_some(Late { by, why });
                let number = delivery.number;
                if queue.attempts.try_send(DeliveryAttempt { delivery, late }).is_err() {
                    break;
                }
                queue.in_flight.insert(number);
            }
        }
        Ok(())
    }

    /// Writes down what became of a delivery.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be written; the delivery is then repeated with the same Message-ID.
    pub fn settle(
        &mut self,
        outbox: Outbox<'_>,
        now: Timestamp,
        report: DeliveryReport,
    ) -> Result<(), StoreError> {
        let DeliveryReport { delivery, outcome } = report;
        let give_up_after = self.end_attempt(&delivery);
        let (to, id) = (place(&delivery.receiver), &delivery.message_id);
        let (what, fault) = match delivery.receiver.channel {
            ChannelName::Mail => ("mail", "login"),
            ChannelName::Named(_) => ("notification", "config"),
        };
        let age = now.since(self.begun.get(&delivery.number).copied().unwrap_or(now));
        let over = matches!(outcome, Outcome::Taken | Outcome::Refused(_));
        let (trouble, written) = match outcome {
            Outcome::Taken => {
                tracing::info!(%to, %id, "{what} taken");
                (Some(None), outbox.record_taken(delivery.number))
            }
            Outcome::Refused(error) => {
                tracing::error!(%to, %id, %error, "{what} refused for good");
                (Some(Some(error.clone())), outbox.record_dead(delivery.number, &error))
            }
            Outcome::Deferred { error, .. } if age >= give_up_after => {
                tracing::error!(%to, %id, %error, "{what} given up");
                self.begun.remove(&delivery.number);
                (Some(Some(error.clone())), outbox.record_dead(delivery.number, &error))
            }
            Outcome::Deferred { error, retry_after, failover_in } => {
                tracing::warn!(%to, %id, %error, attempts = delivery.attempts + 1, "{what} deferred");
                let wait = jittered(wait(delivery.attempts));
                let wait = failover_in.map_or(wait, |failover| wait.min(failover));
                let wait = retry_after.map_or(wait, |wanted| wait.max(wanted));
                let told = (age >= TELL_AFTER).then(|| Some(error.clone()));
                (told, outbox.record_deferred(delivery.number, now + wait, &error))
            }
            Outcome::Held(error) => {
                tracing::error!(%to, %id, %error, "{what} held: the {fault} has to be put right");
                let next = now + jittered(wait(delivery.attempts));
                (Some(Some(error.clone())), outbox.record_deferred(delivery.number, next, &error))
            }
        };
        if over {
            self.begun.remove(&delivery.number);
        }
        self.troubles.extend(trouble.map(|trouble| (to.to_owned(), trouble)));
        written
    }

    /// It is under way no more; after which time it is to be given up.
    fn end_attempt(&mut self, delivery: &Delivery) -> Duration {
        let Some(queue) = self.queues.get_mut(&delivery.receiver.channel) else {
            return Duration::MAX;
        };
        queue.in_flight.remove(&delivery.number);
        queue.give_up_after
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.queues.values().all(|queue| queue.in_flight.is_empty())
    }

    /// What is wrong where every one of these places is in trouble: a channel that fails is no channel.
    pub fn fault_of_all(&self, places: &[String]) -> Option<String> {
        let trouble = |place: &String| {
            let trouble = self.troubles.get(place)?.as_ref()?;
            Some(format!("{place}: {trouble}"))
        };
        places.iter().map(trouble).collect::<Option<Vec<_>>>().map(|all| all.join("; "))
    }

    /// What is so of each place that was written to.
    pub fn conditions(&self) -> impl Iterator<Item = Condition> + '_ {
        self.troubles.iter().map(|(place, trouble)| Condition {
            kind: IncidentKind::DeliveryFailing,
            subject: place.clone(),
            details: trouble.iter().cloned().collect(),
            active: trouble.is_some(),
        })
    }
}

/// What people call a receiver: the address of a mailbox, else the name of the channel.
fn place(receiver: &Receiver) -> &str {
    match receiver.address.as_str() {
        "" => receiver.channel.as_str(),
        address => address,
    }
}

/// How long to wait after so many tries before this one.
fn wait(attempts: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempts.min(16)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_minute_to_half_an_hour() {
        let waits: Vec<_> = (0..9).map(|attempts| wait(attempts).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }
}

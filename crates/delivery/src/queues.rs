use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use alerter::{ChannelName, DeliveryNote, Notification, Receiver};
use bgp::Timestamp;
use clock::Moment;
use network::jittered;
use store::{Delivery, Outbox, StoreError};
use tokio::sync::mpsc;
use validator::{Condition, IncidentKind};

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome};
use crate::settlement::Settlement;
use crate::unstored::Unstored;

/// From the first try to the second; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// Up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// A mail that is later than this says so.
const LATE: Duration = Duration::from_secs(60);

/// A relay may defer a first mail for a while (greylisting); what takes longer is told.
const TELL_AFTER: Duration = Duration::from_secs(600);

/// So many attempts of one delivery take about as long, whatever a clock says.
const TOLD_FROM: u32 = 5;

/// What is on its way. The outbox itself lies in the store, which only its owner writes.
///
/// All times here are those of one clock that began with the wall clock and goes on steadily, so that who
/// sets the wall clock neither holds anything up nor has it given up.
#[derive(Debug)]
pub struct DeliveryQueues {
    queues: BTreeMap<ChannelName, DeliveryQueue>,
    begun: Moment,
    /// Since when each delivery that was not taken yet is being tried.
    tried_since: HashMap<i64, Timestamp>,
    /// The times of the notices are those of recordings, and say nothing of a delay.
    recorded: bool,
    /// What is wrong with each place that a notification was for; nothing where the last one was taken.
    troubles: BTreeMap<String, Option<String>>,
    /// What an earlier process wrote down may be of a clock that was ahead: looked at once.
    clamped: bool,
    /// What became of deliveries and is not written down yet, the oldest first.
    unwritten: VecDeque<Settlement>,
    /// What goes out from memory.
    unstored: Unstored,
}

/// What the queues of a new config go on with.
#[derive(Clone, Debug)]
pub struct CarriedQueues {
    begun: Moment,
    tried_since: HashMap<i64, Timestamp>,
    troubles: BTreeMap<String, Option<String>>,
}

impl CarriedQueues {
    /// There were none before.
    pub fn none(now: Moment) -> Self {
        let (tried_since, troubles) = (HashMap::new(), BTreeMap::new());
        CarriedQueues { begun: now, tried_since, troubles }
    }
}

/// The way to a worker.
#[derive(Debug)]
pub struct DeliveryQueue {
    attempts: mpsc::Sender<DeliveryAttempt>,
    give_up_after: Duration,
    /// Under way, or done and not written down yet.
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
    pub fn new(
        queues: BTreeMap<ChannelName, DeliveryQueue>,
        recorded: bool,
        CarriedQueues { begun, tried_since, troubles }: CarriedQueues,
    ) -> Self {
        DeliveryQueues {
            queues,
            begun,
            tried_since,
            recorded,
            troubles,
            clamped: false,
            unwritten: VecDeque::new(),
            unstored: Unstored::default(),
        }
    }

    /// Queues that go on for these have the same clock, and know what is wrong with each place.
    pub fn carried(&self) -> CarriedQueues {
        let (tried_since, troubles) = (self.tried_since.clone(), self.troubles.clone());
        CarriedQueues { begun: self.begun, tried_since, troubles }
    }

    /// What is due at this moment is due at this time of the outbox.
    pub fn time(&self, now: Moment) -> Timestamp {
        self.begun.wall + now.since(self.begun)
    }

    /// Hands over what is due, as far as each worker has room: what is not stays due.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be read, or not written; what can be read is handed over all the same.
    pub fn dispatch(&mut self, outbox: Outbox<'_>, now: Moment) -> Result<(), StoreError> {
        let now = self.time(now);
        let written = self.write(outbox, now);
        self.retry_unwritten(now);
        let behind = self.behind_unwritten(outbox)?;
        for (channel, queue) in &mut self.queues {
            let room = queue.attempts.capacity();
            if room == 0 {
                continue;
            }
            let mut due = match outbox.next_due(channel)?.is_some_and(|due| due <= now) {
                true => outbox.due(channel, now, queue.in_flight.len() + room)?,
                false => Vec::new(),
            };
            due.extend(behind.iter().filter(|one| one.receiver.channel == *channel).cloned());
            for delivery in due {
                if queue.in_flight.contains(&delivery.number) {
                    continue;
                }
                let created = if self.recorded { now } else { delivery.created };
                // It may have been decided by a clock that was ahead.
                let since = *self.tried_since.entry(delivery.number).or_insert(created.min(now));
                let (by, number) = (now.since(since), delivery.number);
                let why = delivery.last_error.clone().unwrap_or_else(|| "this monitor".to_owned());
                let note = (by >= LATE).then_some(DeliveryNote::Late { by, why });
                if queue.attempts.try_send(DeliveryAttempt { delivery, note }).is_err() {
                    break;
                }
                queue.in_flight.insert(number);
            }
        }
        written
    }

    /// Hands over what the store does not take, straight from memory: best effort, once to each receiver, with
    /// the Message-ID that it has in the store later. These are all the notifications since the last commit.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be read.
    pub fn dispatch_unstored(
        &mut self,
        outbox: Outbox<'_>,
        notifications: &[Notification],
        why: &str,
        now: Moment,
    ) -> Result<(), StoreError> {
        let now = self.time(now);
        self.unstored.take_in(notifications);
        let DeliveryQueues { queues, unstored, unwritten, tried_since, .. } = self;
        for (channel, queue) in queues {
            for delivery in unstored.due(channel, now) {
                // What the store knows of the same incident goes first.
                let mut first = outbox.head(&delivery.receiver, &delivery.thread)?;
                while let Some(number) = first.filter(|number| is_over(unwritten, *number)) {
                    first = outbox.behind(number)?.map(|next| next.number);
                }
                if first.is_some() {
                    continue;
                }
                let note = Some(DeliveryNote::NotStored { why: why.to_owned() });
                let number = delivery.number;
                if queue.attempts.try_send(DeliveryAttempt { delivery, note }).is_err() {
                    break;
                }
                unstored.begin(number);
                tried_since.entry(number).or_insert(now);
            }
        }
        Ok(())
    }

    /// The store has taken everything: what went out from memory goes out from there once more.
    pub fn forget_unstored(&mut self) {
        self.unstored = Unstored::default();
        self.tried_since.retain(|number, _| *number >= 0);
    }

    /// Writes down what became of a delivery.
    ///
    /// # Errors
    ///
    /// Where the outbox cannot be written: that is tried again with each [`dispatch`](Self::dispatch), and the
    /// delivery is not repeated meanwhile.
    pub fn settle(
        &mut self,
        outbox: Outbox<'_>,
        now: Moment,
        report: DeliveryReport,
    ) -> Result<(), StoreError> {
        let now = self.time(now);
        let settlement = self.judge(now, report);
        match self.unstored.knows(&settlement) {
            true => self.unstored.settle(&settlement),
            false => self.unwritten.push_back(settlement),
        }
        self.write(outbox, now)
    }

    /// Writes down what is not yet; what has been is under way no more.
    fn write(&mut self, outbox: Outbox<'_>, now: Timestamp) -> Result<(), StoreError> {
        if !self.clamped {
            self.clamped = true;
            if let Err(error) = outbox.clamp(now, backoff) {
                // Then the clock here goes on from before, as that of the engine does.
                self.begun.wall = self.begun.wall.max(outbox.written_at(backoff)?);
                return Err(error);
            }
            // What an earlier process has learned of a place, `readyz` must know from the beginning.
            for (receiver, error) in outbox.failing(TOLD_FROM)? {
                if self.queues.contains_key(&receiver.channel) {
                    self.troubles.entry(place(&receiver).to_owned()).or_insert(Some(error));
                }
            }
        }
        while let Some(settlement) = self.unwritten.front() {
            settlement.write(outbox)?;
            if let Some(queue) = self.queues.get_mut(&settlement.channel) {
                queue.in_flight.remove(&settlement.number);
            }
            self.unwritten.pop_front();
        }
        Ok(())
    }

    /// What is to be tried again is due by now, although that cannot be written down.
    fn retry_unwritten(&mut self, now: Timestamp) {
        let DeliveryQueues { queues, unwritten, .. } = self;
        unwritten.retain(|one| {
            let is_due = one.next_attempt().is_some_and(|due| due <= now);
            if is_due && let Some(queue) = queues.get_mut(&one.channel) {
                queue.in_flight.remove(&one.number);
            }
            !is_due
        });
    }

    /// What waits behind deliveries that are over, although that cannot be written down.
    fn behind_unwritten(&self, outbox: Outbox<'_>) -> Result<Vec<Delivery>, StoreError> {
        let mut behind = Vec::new();
        for settlement in self.unwritten.iter().filter(|one| one.is_final()) {
            let next = outbox.behind(settlement.number)?;
            behind.extend(next.filter(|next| !is_over(&self.unwritten, next.number)));
        }
        Ok(behind)
    }

    /// What is to be written down of a delivery.
    fn judge(&mut self, now: Timestamp, report: DeliveryReport) -> Settlement {
        let DeliveryReport { delivery, outcome } = report;
        let (to, id) = (place(&delivery.receiver), &delivery.message_id);
        let (what, fault) = match delivery.receiver.channel {
            ChannelName::Mail => ("mail", "login"),
            ChannelName::Named(_) => ("notification", "config"),
        };
        let age = now.since(self.tried_since.get(&delivery.number).copied().unwrap_or(now));
        let (trouble, settlement) = match outcome {
            Outcome::Taken => {
                tracing::info!(%to, %id, "{what} taken");
                (Some(None), Settlement::taken(&delivery))
            }
            Outcome::Refused(error) => {
                tracing::error!(%to, %id, %error, "{what} refused for good");
                (Some(Some(error.clone())), Settlement::dead(&delivery, error))
            }
            Outcome::Deferred { error, .. } if self.is_to_be_given_up(&delivery, age) => {
                tracing::error!(%to, %id, %error, "{what} given up");
                (Some(Some(error.clone())), Settlement::dead(&delivery, error))
            }
            Outcome::Deferred { error, retry_after, failover_in } => {
                tracing::warn!(%to, %id, %error, attempts = delivery.attempts + 1, "{what} deferred");
                let wait = jittered(wait(delivery.attempts));
                let wait = failover_in.map_or(wait, |failover| wait.min(failover));
                let wait = retry_after.map_or(wait, |wanted| wait.max(wanted));
                let told = (age >= TELL_AFTER).then(|| Some(error.clone()));
                (told, Settlement::deferred(&delivery, now + wait, error))
            }
            Outcome::Held(error) => {
                tracing::error!(%to, %id, %error, "{what} held: the {fault} has to be put right");
                let next = now + jittered(wait(delivery.attempts));
                (Some(Some(error.clone())), Settlement::deferred(&delivery, next, error))
            }
        };
        if settlement.is_final() {
            self.tried_since.remove(&delivery.number);
        }
        self.troubles.extend(trouble.map(|trouble| (to.to_owned(), trouble)));
        settlement
    }

    /// Tried for long enough, and often enough: that it is old does not say so, since the clock may have been
    /// wrong when it was decided, and nobody may have been there to try.
    fn is_to_be_given_up(&self, delivery: &Delivery, age: Duration) -> bool {
        let queue = self.queues.get(&delivery.receiver.channel);
        let after = queue.map_or(Duration::MAX, |queue| queue.give_up_after);
        let waited =
            (0..=delivery.attempts).map(wait).fold(Duration::ZERO, Duration::saturating_add);
        age >= after && waited >= after
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        let in_flight: usize = self.queues.values().map(|queue| queue.in_flight.len()).sum();
        in_flight <= self.unwritten.len() && self.unstored.is_idle()
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

/// Whether a delivery is over, although that is not written down.
fn is_over(unwritten: &VecDeque<Settlement>, number: i64) -> bool {
    unwritten.iter().any(|one| one.is_final_of(number))
}

/// What people call a receiver: the address of a mailbox, else the name of the channel.
fn place(receiver: &Receiver) -> &str {
    match receiver.address.as_str() {
        "" => receiver.channel.as_str(),
        address => address,
    }
}

/// How long somebody waits who was tried so often.
fn backoff(attempts: u32) -> Duration {
    attempts.checked_sub(1).map(wait).unwrap_or_default()
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

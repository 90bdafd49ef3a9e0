use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use alerter::mail::Late;
use alerter::store::{Store, StoreError};
use bgp::Timestamp;
use tokio::sync::mpsc;
use validator::Kind;

use super::post::{Outcome, Parcel, Report};
use super::sight::Condition;
use crate::rpki::jittered;

/// How many mails are under way at once, or wait for it: more would only stand in line elsewhere.
pub(super) const PARCELS: usize = 16;

/// From the first try to the second; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// Up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);

/// A mail that is later than this says so.
const LATE: Duration = Duration::from_secs(60);

/// A relay may defer a first mail for a while (greylisting); what takes longer is told.
const TELL_AFTER: Duration = Duration::from_secs(600);

/// What is on its way. The rows themselves lie in the store, which only the engine writes.
#[derive(Debug)]
pub(super) struct Outbox {
    parcels: mpsc::Sender<Parcel>,
    in_flight: HashSet<i64>,
    /// Since when each delivery that was not taken yet is being tried.
    begun: HashMap<i64, Timestamp>,
    /// The times of the notices are those of recordings, and say nothing of a delay.
    recorded: bool,
    give_up_after: Duration,
    /// What is wrong with each address that a mail was for; nothing where the last one was taken.
    troubles: BTreeMap<String, Option<String>>,
}

impl Outbox {
    pub(super) fn new(
        parcels: mpsc::Sender<Parcel>,
        recorded: bool,
        give_up_after: Duration,
    ) -> Self {
        Outbox {
            parcels,
            in_flight: HashSet::new(),
            begun: HashMap::new(),
            recorded,
            give_up_after,
            troubles: BTreeMap::new(),
        }
    }

    /// Hands over what is due, as far as there is room: what is not stays due. Mail goes by the wall
    /// clock, whatever the clock of the engine is.
    pub(super) fn dispatch(&mut self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let room = self.parcels.capacity();
        if room == 0 || store.next_due()?.is_none_or(|due| due > now) {
            return Ok(());
        }
        for delivery in store.due(now, self.in_flight.len() + room)? {
            if self.in_flight.contains(&delivery.number) {
                continue;
            }
            let created = if self.recorded { now } else { delivery.created };
            let by = now.since(*self.begun.entry(delivery.number).or_insert(created));
            let why = delivery.last_error.clone().unwrap_or_else(|| "this monitor".to_owned());
            let late = (by >= LATE).then_some(Late { by, why });
            let number = delivery.number;
            if self.parcels.try_send(Parcel { delivery, late }).is_err() {
                return Ok(());
            }
            self.in_flight.insert(number);
        }
        Ok(())
    }

    /// Writes down what became of a delivery.
    pub(super) fn settle(
        &mut self,
        store: &Store,
        now: Timestamp,
        report: Report,
    ) -> Result<(), StoreError> {
        let Report { delivery, outcome } = report;
        self.in_flight.remove(&delivery.number);
        let (to, id) = (&delivery.destination.address, &delivery.message_id);
        let age = now.since(self.begun.get(&delivery.number).copied().unwrap_or(now));
        let (trouble, written) = match outcome {
            Outcome::Taken => {
                tracing::info!(%to, %id, "mail taken");
                (Some(None), store.taken(delivery.number))
            }
            Outcome::Refused(error) => {
                tracing::error!(%to, %id, %error, "mail refused for good");
                (Some(Some(error.clone())), store.dead(delivery.number, &error))
            }
            Outcome::Deferred { error, .. } if age >= self.give_up_after => {
                tracing::error!(%to, %id, %error, "mail given up");
                (Some(Some(error.clone())), store.dead(delivery.number, &error))
            }
            Outcome::Deferred { error, failover_in } => {
                tracing::warn!(%to, %id, %error, attempts = delivery.attempts + 1, "mail deferred");
                let wait = jittered(wait(delivery.attempts));
                let wait = failover_in.map_or(wait, |failover| wait.min(failover));
                let told = (age >= TELL_AFTER).then(|| Some(error.clone()));
                (told, store.deferred(delivery.number, now + wait, &error))
            }
            Outcome::Held(error) => {
                tracing::error!(%to, %id, %error, "mail held: the login has to be put right");
                let next = now + jittered(wait(delivery.attempts));
                (Some(Some(error.clone())), store.deferred(delivery.number, next, &error))
            }
        };
        if matches!(trouble, Some(None)) {
            self.begun.remove(&delivery.number);
        }
        if let Some(trouble) = trouble {
            self.troubles.insert(to.clone(), trouble);
        }
        written
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// What is so of each address that was written to.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Condition> + '_ {
        self.troubles.iter().map(|(address, trouble)| Condition {
            kind: Kind::DeliveryFailing,
            subject: address.clone(),
            details: trouble.iter().cloned().collect(),
            active: trouble.is_some(),
        })
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

use std::time::Duration;

use alerter::channels::{Channel, Event};
use alerter::content::mail::MailComposer;
use clock::wall;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome, content};
use crate::event::DeliveryEvent;
use crate::queues::DeliveryQueue;
use crate::relays::{self, Relays, Verdict};

/// How many notifications of a channel beside mail are under way at once. One that hangs costs its whole
/// time limit, and must not make every other one of that channel wait behind it.
pub const AT_ONCE: usize = 4;

/// What makes the delivery attempts of one channel, in a task of its own, and how fast notifications may go
/// there. It owns no state but how the relays do.
#[derive(Debug)]
pub struct DeliveryWorker {
    /// What they go through.
    pub transport: Transport,
    /// How many notifications are under way at once.
    pub at_once: usize,
    /// From one to the next.
    pub rate: RateLimiter,
}

/// What a delivery goes through.
#[derive(Debug)]
pub enum Transport {
    /// Mail, through the first relay that takes it.
    Mail(Relays, MailComposer),
    /// Another channel; times are told in this zone.
    Channel(Channel, TimeZone),
}

/// How fast notifications may go.
#[derive(Debug)]
pub struct RateLimiter {
    /// From one to the next.
    every: Duration,
    next: Instant,
}

impl RateLimiter {
    /// So many a minute, evenly; none: as fast as can be.
    pub fn new(per_minute: Option<u32>) -> Self {
        let minute = Duration::from_secs(60);
        let every = per_minute
            .and_then(|notifications| minute.checked_div(notifications))
            .unwrap_or_default();
        RateLimiter { every, next: Instant::now() }
    }

    /// The next attempt, once it may go. Nothing is lost where this is dropped.
    async fn next(
        &self,
        attempts: &mut mpsc::Receiver<DeliveryAttempt>,
    ) -> Option<DeliveryAttempt> {
        // Waiting before taking leaves the choice of what goes first to the engine.
        tokio::time::sleep_until(self.next).await;
        attempts.recv().await
    }

    fn gone(&mut self) {
        self.next = self.next.max(Instant::now()) + self.every;
    }
}

type Done = (DeliveryReport, Vec<Verdict>);

impl DeliveryWorker {
    /// Begins to make attempts, and reports them there. It ends when the queue is dropped and all are reported.
    pub fn start(
        self,
        give_up_after: Duration,
        events: mpsc::Sender<DeliveryEvent>,
    ) -> DeliveryQueue {
        let (attempts, to_make) = mpsc::channel(self.room());
        tokio::spawn(self.run(to_make, events));
        DeliveryQueue::new(attempts, give_up_after)
    }

    /// How many attempts may wait before the worker: with a rate none, or what is urgent would stand behind
    /// them.
    fn room(&self) -> usize {
        if self.rate.every.is_zero() { self.at_once } else { 1 }
    }

    async fn run(
        mut self,
        mut attempts: mpsc::Receiver<DeliveryAttempt>,
        events: mpsc::Sender<DeliveryEvent>,
    ) {
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                attempt = self.rate.next(&mut attempts), if under_way.len() < self.at_once => {
                    let Some(attempt) = attempt else { break };
                    self.rate.gone();
                    self.begin(attempt, &mut under_way);
                }
                Some(done) = under_way.join_next() => self.report(done, &events).await,
            }
        }
        while let Some(done) = under_way.join_next().await {
            self.report(done, &events).await;
        }
    }

    fn begin(&self, attempt: DeliveryAttempt, under_way: &mut JoinSet<Done>) {
        match &self.transport {
            Transport::Mail(relays, composer) => {
                let route = relays.route(Instant::now());
                under_way.spawn(relays::deliver_one(attempt, composer.clone(), route));
            }
            Transport::Channel(channel, zone) => {
                under_way.spawn(deliver_one(attempt, channel.clone(), zone.clone()));
            }
        }
    }

    async fn report(
        &mut self,
        done: Result<Done, tokio::task::JoinError>,
        events: &mpsc::Sender<DeliveryEvent>,
    ) {
        let Ok((mut report, verdicts)) = done else { return };
        if let Transport::Mail(relays, _) = &mut self.transport {
            relays.learn(&mut report, verdicts, Instant::now());
        }
        // With nobody there any more the notification is repeated at the next start.
        let _ = events.send(DeliveryEvent::Attempted(report)).await;
    }
}

async fn deliver_one(attempt: DeliveryAttempt, channel: Channel, zone: TimeZone) -> Done {
    let DeliveryAttempt { delivery, note } = attempt;
    let outcome = match content(&delivery) {
        Err(error) => Outcome::Refused(error),
        Ok(content) => {
            let event = Event::of(&content, &zone);
            let event = match &note {
                Some(note) => event.noted(note),
                None => event,
            };
            Outcome::of(channel.send(&event, wall()).await)
        }
    };
    (DeliveryReport { delivery, outcome }, Vec::new())
}

#[cfg(test)]
mod tests;

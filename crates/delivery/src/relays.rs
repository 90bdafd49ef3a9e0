use std::time::Duration;

use alerter::DeliveryNote;
use alerter::channels::smtp::Relay;
use alerter::content::mail::{Mail, MailComposer};
use store::Delivery;
use tokio::time::Instant;

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome, content};

/// How often a relay that has been replaced is tried again.
const PROBE_EVERY: Duration = Duration::from_secs(300);

/// The relays, the preferred one first, and how they do.
#[derive(Debug)]
pub struct Relays {
    relays: Vec<State>,
    failover_after: Duration,
}

#[derive(Debug)]
struct State {
    relay: Relay,
    /// Since when it has taken nothing, and when it was last asked.
    failing: Option<(Instant, Instant)>,
}

/// What one relay did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    place: usize,
    works: bool,
}

impl Relays {
    /// The next one takes over when one has taken nothing for `failover_after`.
    pub fn new(relays: Vec<Relay>, failover_after: Duration) -> Self {
        let relays = relays.into_iter().map(|relay| State { relay, failing: None }).collect();
        Relays { relays, failover_after }
    }

    /// Notes how the relays did with a mail; if they did not take it, its report gets to know when
    /// the next one takes over.
    pub(crate) fn learn(
        &mut self,
        report: &mut DeliveryReport,
        verdicts: Vec<Verdict>,
        now: Instant,
    ) {
        for Verdict { place, works } in verdicts {
            let Some(state) = self.relays.get_mut(place) else { continue };
            let since = state.failing.map_or(now, |(since, _)| since);
            state.failing = (!works).then_some((since, now));
        }
        if let Outcome::Deferred { failover_in, .. } = &mut report.outcome {
            *failover_in = self.failover_in(now);
        }
    }

    /// Which relays to try, in order: those that failed for long come last, unless it is time to
    /// see whether they are back. A relay that has just begun to fail is not passed by.
    pub(crate) fn route(&self, now: Instant) -> Vec<(usize, Relay)> {
        let mut route = Vec::new();
        for (place, state) in self.relays.iter().enumerate() {
            let Some((since, asked)) = state.failing else {
                route.push((place, state.relay.clone()));
                break;
            };
            let over = now.duration_since(since) >= self.failover_after;
            if !over || now.duration_since(asked) >= PROBE_EVERY || place + 1 == self.relays.len() {
                route.push((place, state.relay.clone()));
            }
            if !over {
                break;
            }
        }
        route
    }

    /// When the next relay takes over, if one will.
    fn failover_in(&self, now: Instant) -> Option<Duration> {
        let (_, before) = self.relays.split_last()?;
        let left = |state: &State| {
            let failing = state.failing.map(|(since, _)| now.duration_since(since))?;
            self.failover_after.checked_sub(failing)
        };
        before.iter().find_map(left).map(|left| left + Duration::from_millis(10))
    }
}

/// Hands a mail to the first of these relays that takes it.
pub(crate) async fn deliver_one(
    attempt: DeliveryAttempt,
    composer: MailComposer,
    route: Vec<(usize, Relay)>,
) -> (DeliveryReport, Vec<Verdict>) {
    let DeliveryAttempt { delivery, note } = attempt;
    let mut verdicts = Vec::new();
    let mail = match compose(&delivery, note.as_ref(), &composer) {
        Ok(mail) => mail,
        Err(error) => {
            return (DeliveryReport { delivery, outcome: Outcome::Refused(error) }, verdicts);
        }
    };
    let mut outcome =
        Outcome::Deferred { error: "no relay".to_owned(), retry_after: None, failover_in: None };
    for (place, relay) in route {
        outcome = Outcome::of(relay.send(&mail).await.map(drop));
        let works = matches!(outcome, Outcome::Taken | Outcome::Refused(_));
        verdicts.push(Verdict { place, works });
        if works {
            break;
        }
    }
    (DeliveryReport { delivery, outcome }, verdicts)
}

fn compose(
    delivery: &Delivery,
    note: Option<&DeliveryNote>,
    composer: &MailComposer,
) -> Result<Mail, String> {
    let content = content(delivery)?;
    let address = &delivery.receiver.address;
    let to = address.parse().map_err(|error| format!("'{address}' is no address: {error}"))?;
    Mail::compose(&content, composer, &to, note).map_err(|error| error.to_string())
}

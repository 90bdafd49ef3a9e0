//! The task that carries mails. It owns no state but how the relays do: what is to be carried comes
//! from the engine, and what became of it goes back there.

use std::time::{Duration, Instant};

use alerter::deliver::SendError;
use alerter::deliver::smtp::Relay;
use alerter::desk::Content;
use alerter::mail::{Late, Letterhead, Mail};
use alerter::store::Delivery;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::input::Input;

/// How many mails are sent at once. A relay that hangs costs its whole time limit, and must not make
/// every other mail wait behind it.
const AT_ONCE: usize = 4;

/// How often a relay that has been replaced is tried again.
const PROBE_EVERY: Duration = Duration::from_secs(300);

/// One delivery to be made.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) delivery: Delivery,
    /// Set where the mail must say that it is late.
    pub(super) late: Option<Late>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) delivery: Delivery,
    pub(super) outcome: Outcome,
}

/// What became of a mail, by what to do next.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A relay has it.
    Taken,
    /// Trying again changes nothing.
    Refused(String),
    /// Try again; where another relay takes over within some time, then at the latest.
    Deferred { error: String, failover_in: Option<Duration> },
    /// Our login is wrong: try again, never give up.
    Held(String),
}

/// The relays, the preferred one first, and how they do.
#[derive(Debug)]
pub(super) struct Relays {
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
struct Verdict {
    place: usize,
    works: bool,
}

impl Relays {
    pub(super) fn new(relays: Vec<Relay>, failover_after: Duration) -> Self {
        let relays = relays.into_iter().map(|relay| State { relay, failing: None }).collect();
        Relays { relays, failover_after }
    }

    /// Carries parcels until there are no more to come and all are reported.
    pub(super) async fn carry(
        mut self,
        letterhead: Letterhead,
        mut parcels: mpsc::Receiver<Parcel>,
        inputs: mpsc::Sender<Input>,
    ) {
        let mut under_way = JoinSet::new();
        loop {
            tokio::select! {
                parcel = parcels.recv(), if under_way.len() < AT_ONCE => match parcel {
                    Some(parcel) => {
                        let route = self.route(Instant::now());
                        under_way.spawn(carry_one(parcel, letterhead.clone(), route));
                    }
                    None => break,
                },
                Some(done) = under_way.join_next() => self.report(done, &inputs).await,
            }
        }
        while let Some(done) = under_way.join_next().await {
            self.report(done, &inputs).await;
        }
    }

    async fn report(
        &mut self,
        done: Result<Done, tokio::task::JoinError>,
        inputs: &mpsc::Sender<Input>,
    ) {
        let Ok((mut report, verdicts)) = done else { return };
        let now = Instant::now();
        for Verdict { place, works } in verdicts {
            let Some(state) = self.relays.get_mut(place) else { continue };
            let since = state.failing.map_or(now, |(since, _)| since);
            state.failing = (!works).then_some((since, now));
        }
        if let Outcome::Deferred { failover_in, .. } = &mut report.outcome {
            *failover_in = self.failover_in(now);
        }
        // With the engine gone the mail is repeated at the next start.
        let _ = inputs.send(Input::Delivered(report)).await;
    }

    /// Which relays to try, in order: those that failed for long come last, unless it is time to
    /// see whether they are back. A relay that has just begun to fail is not passed by.
    fn route(&self, now: Instant) -> Vec<(usize, Relay)> {
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

type Done = (Report, Vec<Verdict>);

async fn carry_one(parcel: Parcel, letterhead: Letterhead, route: Vec<(usize, Relay)>) -> Done {
    let Parcel { delivery, late } = parcel;
    let mut verdicts = Vec::new();
    let mail = match compose(&delivery, late.as_ref(), &letterhead) {
        Ok(mail) => mail,
        Err(error) => return (Report { delivery, outcome: Outcome::Refused(error) }, verdicts),
    };
    let mut outcome = Outcome::Deferred { error: "no relay".to_owned(), failover_in: None };
    for (place, relay) in route {
        outcome = match relay.send(&mail).await {
            Ok(()) => Outcome::Taken,
            Err(error @ SendError::Refused { .. }) => Outcome::Refused(error.to_string()),
            Err(error @ SendError::Authentication { .. }) => Outcome::Held(error.to_string()),
            Err(error) => Outcome::Deferred { error: error.to_string(), failover_in: None },
        };
        let works = matches!(outcome, Outcome::Taken | Outcome::Refused(_));
        verdicts.push(Verdict { place, works });
        if works {
            break;
        }
    }
    (Report { delivery, outcome }, verdicts)
}

fn compose(
    delivery: &Delivery,
    late: Option<&Late>,
    letterhead: &Letterhead,
) -> Result<Mail, String> {
    let content: Content = serde_json::from_str(&delivery.content)
        .map_err(|error| format!("the letter in the store cannot be read: {error}"))?;
    let address = &delivery.destination.address;
    let to = address.parse().map_err(|error| format!("'{address}' is no address: {error}"))?;
    Mail::compose(&content, letterhead, &to, late).map_err(|error| error.to_string())
}

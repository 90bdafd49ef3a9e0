//! One delivery attempt, and what came of it.

use std::time::Duration;

use alerter::Content;
use alerter::channels::SendError;
use alerter::content::mail::Late;
use store::Delivery;

/// One delivery to be made.
#[derive(Debug)]
pub(super) struct DeliveryAttempt {
    pub(super) delivery: Delivery,
    /// Set where the notification must say that it is late.
    pub(super) late: Option<Late>,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct DeliveryReport {
    pub(super) delivery: Delivery,
    pub(super) outcome: Outcome,
}

/// What became of a notification, by what to do next.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The other side has it.
    Taken,
    /// Trying again changes nothing.
    Refused(String),
    /// Try again, but not before the other side wants it; where another relay takes over within some
    /// time, then at the latest.
    Deferred { error: String, retry_after: Option<Duration>, failover_in: Option<Duration> },
    /// Something in the config is wrong, as a login: try again, never give up.
    Held(String),
}

impl Outcome {
    pub(super) fn of(result: Result<(), SendError>) -> Self {
        let Err(error) = result else { return Outcome::Taken };
        match &error {
            SendError::Refused { .. } => Outcome::Refused(error.to_string()),
            SendError::Authentication { .. } | SendError::Misconfigured { .. } => {
                Outcome::Held(error.to_string())
            }
            SendError::Deferred { .. }
            | SendError::TimedOut { .. }
            | SendError::Unreachable { .. } => Outcome::Deferred {
                retry_after: error.retry_after(),
                error: error.to_string(),
                failover_in: None,
            },
        }
    }
}

/// What the notification of a delivery says.
pub(super) fn content(delivery: &Delivery) -> Result<Content, String> {
    serde_json::from_str(&delivery.content)
        .map_err(|error| format!("the notification in the store cannot be read: {error}"))
}

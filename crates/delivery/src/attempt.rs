use std::time::Duration;

use alerter::channels::SendError;
use alerter::{Content, DeliveryNote};
use store::Delivery;

/// One delivery to be made.
#[derive(Debug)]
pub struct DeliveryAttempt {
    /// What is to be delivered, and where.
    pub delivery: Delivery,
    /// What it says beside the notification.
    pub note: Option<DeliveryNote>,
}

/// What became of it.
#[derive(Debug)]
pub struct DeliveryReport {
    /// What was to be delivered.
    pub delivery: Delivery,
    /// How the attempt ended.
    pub outcome: Outcome,
}

/// What became of a notification, by what to do next.
#[derive(Debug)]
pub enum Outcome {
    /// The other side has it.
    Taken,
    /// Trying again changes nothing.
    Refused(String),
    /// Try again, but not before the other side wants it; where another relay takes over within some
    /// time, then at the latest.
    Deferred {
        /// Why, as the other side says it.
        error: String,
        /// How long the other side asks us to wait.
        retry_after: Option<Duration>,
        /// How long until the next relay takes over.
        failover_in: Option<Duration>,
    },
    /// Something in the config is wrong, as a login: try again, never give up.
    Held(String),
}

impl Outcome {
    pub(crate) fn of(result: Result<(), SendError>) -> Self {
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
pub(crate) fn content(delivery: &Delivery) -> Result<Content, String> {
    serde_json::from_str(&delivery.content)
        .map_err(|error| format!("the notification in the store cannot be read: {error}"))
}

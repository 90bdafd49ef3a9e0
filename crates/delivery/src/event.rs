use alerter::replies::Incoming;
use tokio::sync::oneshot;

use crate::attempt::DeliveryReport;

/// How many events may wait.
pub const EVENTS: usize = 64;

/// What comes back from the places that notifications go to.
#[derive(Debug)]
pub enum DeliveryEvent {
    /// What became of an attempt.
    Attempted(DeliveryReport),
    /// What somebody answered to a mail; `done` when it is written down.
    Received {
        /// The reply or the bounces.
        incoming: Incoming,
        /// Only then is the mail marked as seen.
        done: oneshot::Sender<()>,
    },
}

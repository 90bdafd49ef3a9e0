use alerter::replies::Incoming;
use tokio::sync::oneshot;

use super::delivery::DeliveryReport;

/// How many events may wait.
pub(super) const EVENTS: usize = 64;

/// What comes back from the places that notifications go to.
#[derive(Debug)]
pub(super) enum DeliveryEvent {
    /// What became of an attempt.
    Attempted(DeliveryReport),
    /// What somebody answered to a mail; `done` when it is written down.
    Received { incoming: Incoming, done: oneshot::Sender<()> },
}

//! What reaches the engine beside the events of feeds: what people, DNS, calendars and channels have to
//! say.

use alerter::replies::Incoming;
use alerter::{Receiver, Window};
use tokio::sync::oneshot;

use super::addresses::Addresses;
use super::delivery::DeliveryReport;

/// How many inputs may wait.
pub(super) const INPUTS: usize = 64;

/// What arrives at the engine.
#[derive(Debug)]
pub(super) enum Input {
    /// What a receiver depends on.
    Addresses { receiver: Receiver, addresses: Addresses },
    /// What became of a delivery.
    Delivered(DeliveryReport),
    /// What somebody answered to a mail; `done` when it is written down.
    Mail { incoming: Incoming, done: oneshot::Sender<()> },
    /// All the maintenance windows of one source.
    Windows { source: String, windows: Vec<Window> },
    /// Nothing more will come.
    Stop,
}

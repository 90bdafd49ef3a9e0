//! What reaches the engine beside the events of feeds and deliveries: what DNS and calendars have to say.

use alerter::{Receiver, Window};

use super::addresses::Addresses;

/// How many inputs may wait.
pub(super) const INPUTS: usize = 64;

/// What arrives at the engine.
#[derive(Debug)]
pub(super) enum Input {
    /// What a receiver depends on.
    Addresses { receiver: Receiver, addresses: Addresses },
    /// All the maintenance windows of one source.
    Windows { source: String, windows: Vec<Window> },
    /// Nothing more will come.
    Stop,
}

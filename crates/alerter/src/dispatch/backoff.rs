use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::Storm;

/// Notifications of one thread that come at widening intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Backoff {
    waits: usize,
    next: Timestamp,
}

impl Backoff {
    /// The first notification goes out at `now`.
    pub(super) fn new(now: Timestamp, rules: &Storm) -> Self {
        Backoff { waits: 1, next: now + rules.wait(0) }
    }

    /// One more goes out at `now`.
    pub(super) fn step(&mut self, now: Timestamp, rules: &Storm) {
        self.next = now + rules.wait(self.waits);
        self.waits += 1;
    }

    /// When the next one may.
    pub(super) const fn next(&self) -> Timestamp {
        self.next
    }
}

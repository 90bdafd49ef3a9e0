use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::notification::Content;
use crate::receiver::Receiver;
use crate::summary::Row;
use bgp::Timestamp;
use incidents::{IncidentChange, IncidentId, Reason, pairs};
use serde::{Deserialize, Serialize};
use validator::Severity;

const HOUR: Duration = Duration::from_secs(3600);
/// A digest waits so long for more, or it would come with each notification that there is room for.
const GATHER: Duration = Duration::from_secs(15 * 60);

/// What went to each receiver within the last hour, and what waits for a digest.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct NotificationLimits(#[serde(with = "pairs")] BTreeMap<Receiver, OfReceiver>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct OfReceiver {
    sent: VecDeque<Timestamp>,
    held: BTreeMap<IncidentId, Row>,
    since: Option<Timestamp>,
}

impl NotificationLimits {
    pub(super) fn receivers(&self) -> Vec<Receiver> {
        self.0.keys().cloned().collect()
    }

    /// How many incidents wait for a digest, of all receivers.
    pub(super) fn held(&self) -> usize {
        self.0.values().map(|of_receiver| of_receiver.held.len()).sum()
    }

    /// Whether a notification may go there at `now`; else it becomes a row of a digest.
    pub(super) fn pass(
        &mut self,
        now: Timestamp,
        limit: u32,
        to: &Receiver,
        content: &Content,
    ) -> bool {
        let of_receiver = self.0.entry(to.clone()).or_default();
        let passed = of_receiver.pass(now, limit, content);
        if let (false, Content::Notice(notice)) = (passed, content) {
            of_receiver.hold(now, Row::of(&notice.notice, &notice.annotations, 0));
        }
        passed
    }

    /// When the digest of a receiver is due.
    pub(super) fn due(&self, limit: u32, to: &Receiver) -> Option<Timestamp> {
        self.0.get(to)?.due(limit)
    }

    /// The rows of the digest of a receiver, which goes out at `now`, and since when they waited.
    pub(super) fn take(&mut self, now: Timestamp, to: &Receiver) -> Option<(Timestamp, Vec<Row>)> {
        let of_receiver = self.0.get_mut(to)?;
        Some((of_receiver.since.unwrap_or(now), of_receiver.take(now)))
    }
}

impl OfReceiver {
    /// Whether there is room for a notification at `now`, which it then takes.
    fn pass(&mut self, now: Timestamp, limit: u32, content: &Content) -> bool {
        while self.sent.front().is_some_and(|at| now.since(*at) >= HOUR) {
            self.sent.pop_front();
        }
        let room = self.held.is_empty() && self.sent.len() < limit as usize;
        if !room && !cannot_wait(content) {
            return false;
        }
        self.sent.push_back(now);
        if let Content::Notice(notice) = content {
            // It says all that was held back of the same incident.
            self.held.remove(&notice.incident);
            self.since = self.since.filter(|_| !self.held.is_empty());
        }
        true
    }

    /// Keeps it for the digest.
    fn hold(&mut self, now: Timestamp, mut row: Row) {
        self.since.get_or_insert(now);
        row.held = self.held.get(&row.incident).map_or(0, |held| held.held) + 1;
        self.held.insert(row.incident.clone(), row);
    }

    /// When the digest is due: gathered long enough, and there is room.
    fn due(&self, limit: u32) -> Option<Timestamp> {
        let gathered = self.since? + GATHER;
        let over = (self.sent.len() + 1).saturating_sub(limit.max(1) as usize);
        let room = over.checked_sub(1).and_then(|last| self.sent.get(last)).map(|at| *at + HOUR);
        Some(room.map_or(gathered, |room| room.max(gathered)))
    }

    /// The rows of the digest, which goes out at `now`.
    fn take(&mut self, now: Timestamp) -> Vec<Row> {
        self.since = None;
        self.sent.push_back(now);
        std::mem::take(&mut self.held).into_values().collect()
    }
}

/// Nothing critical waits for a digest, and what is a digest itself does not either.
fn cannot_wait(content: &Content) -> bool {
    let Content::Notice(notice) = content else { return true };
    let more_serious = || notice.changes.iter().any(IncidentChange::is_worse_once);
    notice.severity == Severity::Critical
        && match notice.reason {
            Reason::Opened | Reason::Reopened | Reason::Reminder => true,
            Reason::Update => more_serious(),
            Reason::Resolved => false,
        }
}

use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Severity;

use super::backoff::Backoff;
use crate::annotations::Annotations;
use crate::dispatch_note::{DispatchNote, Hold};
use crate::notice::AnnotatedNotice;
use crate::receiver::Receiver;
use crate::summary::GroupKey;
use crate::window::WindowKey;
use incidents::{ExtentClass, IncidentChange, Notice, Reason};

/// Prefixes of one incident above which its updates come at widening intervals.
const MANY_PREFIXES: usize = 20;

/// What the dispatcher knows of one incident.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AlertState {
    /// What the engine said last.
    pub(super) latest: Notice,
    #[serde(rename = "marks")]
    pub(super) annotations: Annotations,
    /// Who is told: whoever was told that it opened is told the rest.
    #[serde(rename = "circle")]
    pub(super) receivers: Vec<Receiver>,
    /// Whether they have been told of this occurrence.
    pub(super) told: bool,
    /// What has not been told.
    pub(super) held: Option<Held>,
    /// Since when it waits for somebody to acknowledge it.
    pub(super) waits_since: Timestamp,
    pub(super) reminded_at: Timestamp,
    /// Over its whole life, so that no Message-ID comes twice.
    pub(super) reminders: u32,
    pub(super) escalations: u32,
    /// Steps of the escalation that were taken since it waits.
    pub(super) steps: usize,
    #[serde(rename = "pace")]
    pub(super) backoff: Option<Backoff>,
    pub(super) storm: Option<GroupKey>,
    pub(super) over: Option<Timestamp>,
}

/// Notices that were held back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) notices: u32,
    pub(super) since: Timestamp,
    pub(super) by: Hold,
    /// Where a maintenance window holds them.
    pub(super) window: Option<WindowKey>,
    pub(super) changes: Vec<IncidentChange>,
}

impl AlertState {
    pub(super) fn new(now: Timestamp, notice: Notice) -> Self {
        AlertState {
            latest: notice,
            annotations: Annotations::default(),
            receivers: Vec::new(),
            told: false,
            held: None,
            waits_since: now,
            reminded_at: now,
            reminders: 0,
            escalations: 0,
            steps: 0,
            backoff: None,
            storm: None,
            over: None,
        }
    }

    /// The engine has said more.
    pub(super) fn take(&mut self, now: Timestamp, notice: Notice) {
        match notice.reason {
            // What was said of an earlier time does not hold of this one.
            Reason::Opened | Reason::Reopened => {
                (self.annotations.acknowledged, self.annotations.closed) = (None, None);
                (self.told, self.held, self.over) = (false, None, None);
                (self.backoff, self.storm) = (None, None);
                self.wait_from(now);
            }
            Reason::Resolved => self.over = Some(now),
            Reason::Update | Reason::Reminder => {}
        }
        if notice.severity > self.latest.severity {
            self.wait_from(now);
        }
        if notice.kind.is_event() {
            self.over = Some(now);
        }
        self.latest = notice;
    }

    /// From now on it waits for somebody.
    pub(super) fn wait_from(&mut self, now: Timestamp) {
        (self.waits_since, self.reminded_at, self.steps) = (now, now, 0);
    }

    /// The latest is not told now.
    pub(super) fn hold(&mut self, now: Timestamp, by: Hold, window: Option<WindowKey>) {
        let changes = self.latest.changes.clone();
        let held = self.held.get_or_insert_with(|| Held {
            notices: 0,
            since: now,
            by: by.clone(),
            window: window.clone(),
            changes: Vec::new(),
        });
        held.notices += 1;
        (held.by, held.window) = (by, window);
        for change in changes {
            if !held.changes.contains(&change) {
                held.changes.push(change);
            }
        }
    }

    /// Puts receivers into the receivers.
    pub(super) fn widen(&mut self, to: impl IntoIterator<Item = Receiver>) {
        for receiver in to {
            if !self.receivers.contains(&receiver) {
                self.receivers.push(receiver);
            }
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Whether nothing of it is expected to be told any more.
    pub(super) const fn is_done(&self) -> bool {
        self.is_over() || self.annotations.closed.is_some()
    }

    /// Whether the event is so large that its updates come at widening intervals.
    pub(super) fn is_mass(&self) -> bool {
        self.latest.extent.class == ExtentClass::Mass || self.latest.prefix_count > MANY_PREFIXES
    }

    /// Whether somebody should look at it who has not said so.
    pub(super) fn waits(&self) -> bool {
        let annotations = &self.annotations;
        let quiet = annotations.muted.is_some() || annotations.expected.is_some();
        self.told && !self.is_done() && !quiet && !annotations.is_acknowledged(self.latest.severity)
    }

    pub(super) fn is_critical(&self) -> bool {
        self.latest.severity == Severity::Critical
    }

    /// How it is said that notices were held back: of this `fresh` one with what it stands for.
    pub(super) fn release(&mut self, mut fresh: AnnotatedNotice) -> AnnotatedNotice {
        let latest = &self.latest;
        (fresh.update, fresh.changes) = (latest.update, Vec::new());
        fresh.reason = match (self.told, latest.reason) {
            (false, Reason::Reopened) => Reason::Reopened,
            (false, _) => Reason::Opened,
            (true, _) => Reason::Update,
        };
        if let Some(held) = self.held.take() {
            let Held { notices, since, by, changes, .. } = held;
            if fresh.reason == Reason::Update {
                fresh.changes = changes;
            } else {
                fresh.update = 0;
            }
            fresh.dispatch_notes.push(DispatchNote::Held { notices, since, by });
        }
        fresh
    }
}

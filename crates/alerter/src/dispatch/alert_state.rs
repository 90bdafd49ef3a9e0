use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Severity;

use super::backoff::Backoff;
use super::rules::Storm;
use crate::annotations::Annotations;
use crate::dispatch_note::{DispatchNote, Hold};
use crate::notice::{AnnotatedNotice, Operator};
use crate::receiver::Receiver;
use crate::silence::Silence;
use crate::summary::StormKey;
use crate::window::WindowKey;
use incidents::{ExtentClass, IncidentChange, Incidents, Notice, Reason};

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
    #[serde(rename = "told")]
    pub(super) notified: bool,
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
    pub(super) storm: Option<StormKey>,
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
            notified: false,
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
                (self.notified, self.held, self.over) = (false, None, None);
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

    /// Adds receivers.
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

    pub(super) fn is_critical(&self) -> bool {
        self.latest.severity == Severity::Critical
    }

    /// Whether it is closed, muted or expected: then its latest notice is held back.
    pub(super) fn is_held(
        &mut self,
        now: Timestamp,
        silence: Option<Silence>,
        window: Option<WindowKey>,
    ) -> bool {
        let muted = silence.is_some();
        self.annotations.muted = silence;
        self.annotations.expected = window.as_ref().map(|key| key.name.clone());
        if self.annotations.closed.is_some() {
            return true;
        }
        match (muted, window) {
            (true, _) => self.hold(now, Hold::Mute, None),
            (false, Some(key)) => self.hold(now, Hold::Maintenance(key.name.clone()), Some(key)),
            (false, None) => return false,
        }
        true
    }

    /// Whether its updates come at widening intervals and the latest is too early; then it is held
    /// back.
    pub(super) fn is_backed_off(&mut self, now: Timestamp) -> bool {
        let cannot_wait = self.latest.changes.iter().any(IncidentChange::is_worse_once);
        let update = self.latest.reason == Reason::Update && !cannot_wait;
        let early = self.backoff.is_some_and(|backoff| now < backoff.next());
        let backed_off = update && early && self.is_mass() && self.notified && self.storm.is_none();
        if backed_off {
            self.hold(now, Hold::Mass, None);
        }
        backed_off
    }

    /// A notice of it goes out at `now`.
    pub(super) fn step_backoff(&mut self, now: Timestamp, rules: &Storm) {
        match &mut self.backoff {
            // What could not wait for its turn makes the next one no later.
            Some(backoff) if now < backoff.next() => {}
            Some(backoff) => backoff.step(now, rules),
            none => *none = Some(Backoff::new(now, rules)),
        }
    }

    /// When the widening intervals let out what they hold.
    pub(super) fn backoff_due(&self) -> Option<Timestamp> {
        let held = self.held.as_ref().filter(|held| held.by == Hold::Mass);
        held.and(self.backoff).map(|backoff| backoff.next())
    }

    /// It is over. Returns whether its end is told: whoever was told that it opened is told it,
    /// whatever holds back the rest.
    pub(super) fn end(&mut self) -> bool {
        (self.annotations.muted, self.annotations.expected) = (None, None);
        // In a window it stays a row of the summary; what was muted is not told any more.
        let notified = self.notified;
        self.held.take_if(|held| notified || held.window.is_none());
        notified
    }

    /// The silences are not what they were. Returns whether nothing holds any more what is held.
    pub(super) fn review(&mut self, silence: Option<Silence>, window: Option<WindowKey>) -> bool {
        self.annotations.muted = silence;
        let free = self.annotations.muted.is_none() && self.annotations.closed.is_none();
        let Some(held) = self.held.as_mut().filter(|_| free) else { return false };
        let Some(key) = window else { return true };
        self.annotations.expected = Some(key.name.clone());
        held.by = Hold::Maintenance(key.name.clone());
        held.window = Some(key);
        false
    }

    /// People are told of it.
    pub(super) fn mark_told(&mut self, now: Timestamp) {
        if !self.notified {
            self.notified = true;
            self.wait_from(now);
        }
    }

    /// What the engine said last.
    pub(super) fn latest(&self, operator: &Operator) -> AnnotatedNotice {
        AnnotatedNotice::new(self.latest.clone(), operator)
    }

    /// How it stands now, under the name of the last notice.
    pub(super) fn fresh(
        &self,
        now: Timestamp,
        operator: &Operator,
        incidents: &Incidents,
    ) -> AnnotatedNotice {
        let latest = &self.latest;
        let stood = || Notice { at: now, reason: Reason::Reminder, ..latest.clone() };
        let mut fresh = incidents.view().look(now, &latest.incident).unwrap_or_else(stood);
        fresh.sequence = latest.sequence;
        AnnotatedNotice::new(fresh, operator)
    }

    /// How it is said that notices were held back: of this `fresh` one with what it stands for.
    pub(super) fn release(&mut self, mut fresh: AnnotatedNotice) -> AnnotatedNotice {
        let latest = &self.latest;
        (fresh.update, fresh.changes) = (latest.update, Vec::new());
        fresh.reason = match latest.reason {
            _ if self.notified => Reason::Update,
            Reason::Reopened => Reason::Reopened,
            Reason::Opened | Reason::Update | Reason::Resolved | Reason::Reminder => Reason::Opened,
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

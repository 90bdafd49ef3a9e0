use std::net::IpAddr;

use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert_state::AlertState;
use super::alerts::Alerts;
use super::maintenance::MaintenanceWindows;
use super::notification_limit::NotificationLimits;
use super::reachability::Reachability;
use super::rules::{Audience, DispatchRules};
use super::silences::Silences;
use super::storm::Storms;
use super::{digest, reminder};
use crate::notification::{Content, Notification};
use crate::receiver::Receiver;
use crate::silence::Silence;
use crate::summary::{Row, StormKey};
use crate::window::WindowKey;
use incidents::{IncidentId, Incidents};

/// Everything that the past decides.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Memory {
    pub(super) now: Timestamp,
    #[serde(rename = "cases")]
    pub(super) alerts: Alerts,
    #[serde(rename = "mutes")]
    pub(super) silences: Silences,
    pub(super) windows: MaintenanceWindows,
    pub(super) storms: Storms,
    #[serde(rename = "meters")]
    pub(super) limits: NotificationLimits,
    #[serde(flatten)]
    pub(super) reachability: Reachability,
}

/// What time alone changes; those of the same time in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    /// A silence ends.
    Silences,
    Window(WindowKey),
    Alert(IncidentId),
    Storm(StormKey),
    NotificationLimit(Receiver),
    Digest,
}

impl Memory {
    /// All that may be due some time.
    pub(super) fn wakes(&self) -> Vec<Wake> {
        let alerts = self.alerts.ids().into_iter().map(Wake::Alert);
        let storms = self.storms.keys().into_iter().map(Wake::Storm);
        let limits = self.limits.receivers().into_iter().map(Wake::NotificationLimit);
        let windows = self.windows.iter().map(|planned| Wake::Window(planned.key()));
        let wakes = alerts.chain(storms).chain(limits).chain(windows);
        wakes.chain([Wake::Silences, Wake::Digest]).collect()
    }

    /// When this is due, if it is.
    pub(super) fn due(&self, wake: &Wake, rules: &DispatchRules) -> Option<Timestamp> {
        match wake {
            Wake::Silences => self.silences.next_end(),
            Wake::Window(key) => self.windows.end(key),
            Wake::Alert(id) => {
                self.alerts.get(id).and_then(|alert| reminder::next_due(alert, rules))
            }
            Wake::Storm(group_key) => self.storms.due(group_key),
            Wake::NotificationLimit(receiver) => {
                rules.notification_limit.and_then(|limit| self.limits.due(limit, receiver))
            }
            // Before anything has happened there is no day.
            Wake::Digest if self.now == Timestamp::default() => None,
            Wake::Digest => digest::next(self.now, rules),
        }
    }

    /// Whether an incident is closed, muted or expected: then its latest notice is held back.
    pub(super) fn is_held(&mut self, id: &IncidentId) -> bool {
        let held = self.with_holds(id, AlertState::is_held);
        held.unwrap_or(true)
    }

    /// The silences are not what they were: of an incident that one held or holds, and that is not
    /// over, whether nothing holds any more what was held.
    pub(super) fn review_silences(&mut self, id: &IncidentId) -> Option<bool> {
        self.with_holds(id, |alert, _, silence, window| {
            let touched = silence.is_some() || alert.annotations.muted.is_some();
            (touched && !alert.is_over()).then(|| alert.review(silence, window))
        })?
    }

    /// What a receiver depends on, in place of all that was known.
    pub(super) fn set_addresses(
        &mut self,
        receiver: Receiver,
        addresses: Vec<IpAddr>,
        incidents: &Incidents,
    ) {
        self.reachability.set_addresses(receiver, addresses);
        self.alerts.ids().iter().for_each(|id| self.review_reachability(id, incidents));
    }

    /// Whether an incident is about an address that a receiver depends on.
    pub(super) fn review_reachability(&mut self, id: &IncidentId, incidents: &Incidents) {
        if let Some(alert) = self.alerts.get(id) {
            self.reachability.review(id, alert, incidents);
        }
    }

    /// What is not over, as its last notice has it.
    pub(super) fn open_rows(&self) -> Vec<Row> {
        let open = self.alerts.iter().filter(|(_, alert)| !alert.is_over());
        open.map(|(_, alert)| Row::of(&alert.latest, &alert.annotations, 0)).collect()
    }

    /// An alert with the silence and the maintenance window that hold for it now.
    fn with_holds<T>(
        &mut self,
        id: &IncidentId,
        then: impl FnOnce(&mut AlertState, Timestamp, Option<Silence>, Option<WindowKey>) -> T,
    ) -> Option<T> {
        let alert = self.alerts.get_mut(id)?;
        let silence = self.silences.of(self.now, &alert.latest).cloned();
        let window = self.windows.of(self.now, &alert.latest);
        Some(then(alert, self.now, silence, window))
    }

    /// What the limit held back of a receiver, as far as it stands now, and since when it waited.
    pub(super) fn take_held_back(&mut self, to: &Receiver) -> Option<(Timestamp, Vec<Row>)> {
        let (since, mut rows) = self.limits.take(self.now, to)?;
        for row in &mut rows {
            // Of one that has reopened and is muted since, that it was over is all there is to tell.
            let alert = self.alerts.get(&row.incident).filter(|alert| alert.notified);
            if let Some(alert) = alert {
                *row = Row::of(&alert.latest, &alert.annotations, row.held);
            }
        }
        Some((since, rows))
    }

    /// Who is told as well, since one of these may not be reached; the content says so.
    pub(super) fn add_for_unreachable(
        &self,
        to: &[Receiver],
        content: &mut Content,
        rules: &DispatchRules,
    ) -> Vec<Receiver> {
        let Some(note) = to.iter().find_map(|to| self.reachability.note(to)) else {
            return Vec::new();
        };
        content.push_note(note);
        rules.also.iter().filter(|also| !to.contains(also)).cloned().collect()
    }

    /// The notification to those of the receivers who have not had enough; for the others it becomes
    /// a row of a digest.
    pub(super) fn limit(
        &mut self,
        mut to: Vec<Receiver>,
        content: Content,
        rules: &DispatchRules,
    ) -> Option<Notification> {
        if let Some(limit) = rules.notification_limit {
            let passes = |to: &Receiver| {
                rules.audience(to) == Audience::Programs
                    || self.limits.pass(self.now, limit, to, &content)
            };
            to.retain(passes);
        }
        (!to.is_empty()).then(|| Notification::new(to, self.now, content))
    }
}

//! What happens when a maintenance window or a mute ends.

use super::{Dispatcher, Wake};
use crate::dispatch_note::Hold;
use crate::notification::Content;
use crate::receiver::Receiver;
use crate::summary::{Cause, Row, SummaryId};
use crate::window::{Planned, Standing, WindowKey};
use incidents::{IncidentId, Incidents};

impl Dispatcher {
    pub(super) fn schedule_windows(&mut self) {
        for planned in &self.memory.windows {
            self.timers.set(&Wake::Window(planned.key()), Some(planned.window.until));
        }
    }

    pub(super) fn schedule_silences(&mut self) {
        let next = self.memory.silences.iter().map(|silence| silence.until).min();
        self.timers.set(&Wake::Silences, next);
    }

    /// A window has come to its end.
    pub(super) fn end_window(&mut self, key: &WindowKey, incidents: &Incidents) {
        if let Some(planned) = self.take_window(key) {
            self.tell_window(&planned, true, incidents);
        }
    }

    pub(super) fn take_window(&mut self, key: &WindowKey) -> Option<Planned> {
        self.timers.set(&Wake::Window(key.clone()), None);
        let place = self.memory.windows.iter().position(|planned| planned.key() == *key)?;
        Some(self.memory.windows.remove(place))
    }

    /// One notification for all that a window held, and for what should have happened in it.
    pub(super) fn tell_window(&mut self, planned: &Planned, complete: bool, incidents: &Incidents) {
        let now = self.memory.now;
        let (key, window) = (planned.key(), &planned.window);
        let held: Vec<IncidentId> = self.held_by(&key);
        let mut rows = Vec::new();
        let mut to: Vec<Receiver> = Vec::new();
        for id in &held {
            let Some(alert) = self.memory.alerts.get_mut(id) else { continue };
            let notices = alert.held.take().map_or(0, |held| held.notices);
            alert.annotations.expected = None;
            rows.push(Row::of(&alert.latest, &alert.annotations, notices));
            alert.told = true;
            alert.wait_from(now);
            let people =
                alert.receivers.iter().filter(|to| !self.rules.programs.contains(&to.channel));
            let new: Vec<_> = people.filter(|person| !to.contains(person)).cloned().collect();
            to.extend(new);
        }
        self.tell_programs(&held, incidents);
        let stands = |prefix, origin| incidents.view().holders(prefix, origin) > 0;
        let unmet = window.expects.iter().filter(|expected| {
            complete
                && stands(expected.prefix, expected.origin)
                    != (expected.stands == Standing::Announced)
        });
        let unmet: Vec<_> = unmet.copied().collect();
        if to.is_empty() {
            to.clone_from(&self.rules.routing.default);
            to.retain(|to| !self.rules.programs.contains(&to.channel));
        }
        if !rows.is_empty() || !unmet.is_empty() {
            let id = SummaryId::of("maintenance", &key.name, key.from);
            let cause = Cause::Maintenance { window: window.clone() };
            let mut summary = self.summary(id, cause, rows, incidents);
            (summary.since, summary.unmet) = (window.from, unmet);
            if !summary.unmet.is_empty() {
                summary.severity = summary.severity.max(validator::Severity::Warning);
            }
            self.post(to, Content::Summary(Box::new(summary)));
        }
        held.iter().for_each(|id| self.schedule_alert(id));
    }

    fn held_by(&self, key: &WindowKey) -> Vec<IncidentId> {
        let by = |held: &super::alert_state::Held| held.window.as_ref() == Some(key);
        let held =
            self.memory.alerts.iter().filter(|(_, alert)| alert.held.as_ref().is_some_and(by));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// Programs read no summaries: what is still open is told to them by itself.
    fn tell_programs(&mut self, held: &[IncidentId], incidents: &Incidents) {
        for id in held {
            let open = self.memory.alerts.get(id).is_some_and(|alert| !alert.is_over());
            let Some(mut notice) = self.fresh(id, incidents).filter(|_| open) else { continue };
            let latest =
                self.memory.alerts.get(id).map(|alert| (alert.latest.reason, alert.latest.update));
            (notice.reason, notice.update) = latest.unwrap_or((notice.reason, 0));
            self.post_alert(id, notice, super::decision::Audience::Programs);
        }
    }

    /// A mute has come to its end.
    pub(super) fn end_silences(&mut self, incidents: &Incidents) {
        let now = self.memory.now;
        self.memory.silences.retain(|silence| silence.until > now);
        self.schedule_silences();
        self.review_silences(incidents);
    }

    /// The mutes are not what they were: which alerts do they still hold?
    pub(super) fn review_silences(&mut self, incidents: &Incidents) {
        let touched = self.memory.alerts.iter().filter(|(_, alert)| {
            !alert.is_over()
                && (alert.annotations.muted.is_some() || self.silence_of(&alert.latest).is_some())
        });
        let touched: Vec<IncidentId> = touched.map(|(id, _)| id.clone()).collect();
        for id in touched {
            let Some(alert) = self.memory.alerts.get(&id) else { continue };
            let silence = self.silence_of(&alert.latest).cloned();
            let window = self.window_of(&alert.latest);
            let Some(alert) = self.memory.alerts.get_mut(&id) else { continue };
            alert.annotations.muted = silence;
            let free = alert.annotations.muted.is_none() && alert.annotations.closed.is_none();
            match (free, window, &mut alert.held) {
                (true, Some(key), Some(held)) => {
                    alert.annotations.expected = Some(key.name.clone());
                    held.by = Hold::Maintenance(key.name.clone());
                    held.window = Some(key);
                }
                (true, None, Some(_)) => self.release(&id, incidents),
                _ => {}
            }
            self.schedule_alert(&id);
        }
    }
}

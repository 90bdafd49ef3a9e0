//! What is said again, and to whom next, while nobody has acknowledged an incident.

use std::time::Duration;

use bgp::Timestamp;

use super::decision::{Audience, forget_at};
use super::{Dispatcher, Wake};
use crate::dispatch_note::{DispatchNote, Hold};
use crate::notification::Content;
use incidents::{IncidentId, Incidents, Notice, Reason};

impl Dispatcher {
    /// Puts the next thing that time alone will do to a alert on the timers.
    pub(super) fn schedule_alert(&mut self, id: &IncidentId) {
        let due = self.memory.alerts.get(id).and_then(|alert| {
            let held = alert.held.as_ref();
            if held.is_some_and(|held| held.window.is_some()) {
                return None;
            }
            let backed_off = held.filter(|held| held.by == Hold::Mass && !alert.is_done());
            let backed_off = backed_off.and(alert.backoff).map(|backoff| backoff.next());
            let forget = forget_at(alert, self.rules.remember_for);
            let nags = [self.reminder_due(id), self.escalation_due(id), backed_off, forget];
            nags.into_iter().flatten().min()
        });
        self.timers.set(&Wake::Alert(id.clone()), due);
    }

    /// The time of a alert has come; what comes at intervals starts again from `now`.
    pub(super) fn wake_alert(&mut self, id: &IncidentId, now: Timestamp, incidents: &Incidents) {
        let at = self.memory.now;
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= at);
        let Some(alert) = self.memory.alerts.get(id) else { return };
        if is_due(forget_at(alert, self.rules.remember_for)) {
            self.memory.alerts.remove(id);
            return;
        }
        let backed_off = alert.held.as_ref().is_some_and(|held| held.by == Hold::Mass);
        if backed_off && is_due(alert.backoff.map(|backoff| backoff.next())) {
            self.release(id, incidents);
        }
        while is_due(self.escalation_due(id)) {
            self.escalate(id, incidents);
        }
        if is_due(self.reminder_due(id)) {
            self.remind(id, incidents);
            if let Some((alert, every)) =
                self.memory.alerts.get_mut(id).zip(self.rules.remind_every)
            {
                alert.reminded_at = last_before(at, every, now);
            }
        }
        self.schedule_alert(id);
    }

    fn reminder_due(&self, id: &IncidentId) -> Option<Timestamp> {
        let alert = self.memory.alerts.get(id)?;
        // A storm says itself how its incidents stand.
        let waits = alert.waits() && alert.storm.is_none();
        self.rules
            .remind_every
            .filter(|every| waits && !every.is_zero())
            .map(|e| alert.reminded_at + e)
    }

    fn escalation_due(&self, id: &IncidentId) -> Option<Timestamp> {
        let alert = self.memory.alerts.get(id)?;
        let step = self.rules.escalation.get(alert.steps)?;
        (alert.waits() && alert.is_critical()).then(|| alert.waits_since + step.after)
    }

    fn remind(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(mut notice) = self.fresh(id, incidents) else { return };
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        alert.reminders += 1;
        let (number, since) = (alert.reminders, alert.waits_since);
        notice.message_id = also_known(&notice, 'r', number);
        notice.dispatch_notes.push(DispatchNote::Reminder { number, since });
        (notice.reason, notice.update) = (Reason::Reminder, 0);
        self.post_alert(id, notice, Audience::People);
    }

    /// Tells the next contact. Whoever knows already is reminded by his own rule.
    fn escalate(&mut self, id: &IncidentId, incidents: &Incidents) {
        let now = self.memory.now;
        let fresh = self.fresh(id, incidents);
        let Some((alert, mut notice)) = self.memory.alerts.get_mut(id).zip(fresh) else { return };
        let Some(step) = self.rules.escalation.get(alert.steps) else { return };
        alert.steps += 1;
        alert.escalations += 1;
        let to: Vec<_> =
            step.to.iter().filter(|to| !alert.receivers.contains(to)).cloned().collect();
        alert.widen(to.iter().cloned());
        if let Some(group_key) = alert.storm.clone() {
            self.widen_storm(&group_key, to, incidents);
            return;
        }
        let after: Duration = now.since(alert.waits_since);
        let step = u32::try_from(alert.steps).unwrap_or(u32::MAX);
        notice.message_id = also_known(&notice, 'e', alert.escalations);
        notice.dispatch_notes.push(DispatchNote::Escalation { step, after });
        notice.annotations = alert.annotations.clone();
        (notice.reason, notice.update) = (Reason::Reminder, 0);
        notice.retitle(self.rules.operator.time_zone());
        if !to.is_empty() {
            self.post(to, Content::Notice(Box::new(notice)));
        }
    }
}

/// A Message-ID of its own, in the thread of the incident.
fn also_known(notice: &Notice, why: char, number: u32) -> String {
    format!("<{}.{}.{why}{number}@originwatch>", notice.incident, notice.sequence)
}

/// The last step at or before `now` of those that are `every` apart from `first`.
pub(super) fn last_before(first: Timestamp, every: Duration, now: Timestamp) -> Timestamp {
    let every = every.as_micros().max(1);
    let steps = now.since(first).as_micros() / every;
    first + Duration::from_micros(u64::try_from(steps * every).unwrap_or(0))
}

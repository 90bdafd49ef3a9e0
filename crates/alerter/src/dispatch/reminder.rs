//! What is said again, and to whom next, while nobody has acknowledged an incident.

use std::time::Duration;

use bgp::Timestamp;

use super::alert_state::AlertState;
use super::rules::{DispatchRules, Step};
use crate::dispatch_note::DispatchNote;
use crate::notice::AnnotatedNotice;
use crate::receiver::Receiver;
use incidents::{Notice, Reason};

/// When time alone does something to an alert next: nothing while a maintenance window holds it.
pub(super) fn next_due(alert: &AlertState, rules: &DispatchRules) -> Option<Timestamp> {
    if alert.held.as_ref().is_some_and(|held| held.window.is_some()) {
        return None;
    }
    let backoff = alert.backoff_due().filter(|_| !alert.is_done());
    let (reminder, escalation) = (reminder_due(alert, rules), escalation_due(alert, rules));
    [reminder, escalation, backoff, forget_due(alert, rules)].into_iter().flatten().min()
}

/// So long after its end nothing more is expected of an incident.
pub(super) fn forget_due(alert: &AlertState, rules: &DispatchRules) -> Option<Timestamp> {
    alert.over.map(|over| over + rules.remember_for)
}

pub(super) fn reminder_due(alert: &AlertState, rules: &DispatchRules) -> Option<Timestamp> {
    // A storm says itself how its incidents stand.
    let waits = waits(alert) && alert.storm.is_none();
    let every = rules.remind_every.filter(|every| waits && !every.is_zero());
    every.map(|every| alert.reminded_at + every)
}

pub(super) fn escalation_due(alert: &AlertState, rules: &DispatchRules) -> Option<Timestamp> {
    let step = rules.escalation.get(alert.steps)?;
    (waits(alert) && alert.is_critical()).then(|| alert.waits_since + step.after)
}

/// The `fresh` notice as one more reminder.
pub(super) fn remind(alert: &mut AlertState, mut fresh: AnnotatedNotice) -> AnnotatedNotice {
    alert.reminders += 1;
    let (number, since) = (alert.reminders, alert.waits_since);
    fresh.message_id = message_id(&fresh, 'r', number);
    fresh.dispatch_notes.push(DispatchNote::Reminder { number, since });
    (fresh.reason, fresh.update) = (Reason::Reminder, 0);
    fresh
}

/// The next reminder comes at its interval after `now`, be it that several were missed since `due`.
pub(super) fn mark_reminded(
    alert: &mut AlertState,
    due: Timestamp,
    now: Timestamp,
    rules: &DispatchRules,
) {
    if let Some(every) = rules.remind_every {
        alert.reminded_at = last_before(due, every, now);
    }
}

/// Takes the next step of the escalation. Returns who is told that did not know: whoever knows
/// already is reminded by his own rule.
pub(super) fn escalate(alert: &mut AlertState, step: &Step) -> Vec<Receiver> {
    alert.steps += 1;
    alert.escalations += 1;
    let new = step.to.iter().filter(|to| !alert.receivers.contains(to));
    let new: Vec<Receiver> = new.cloned().collect();
    alert.widen(new.iter().cloned());
    new
}

/// The `fresh` notice as what the next contact is told.
pub(super) fn escalated(
    now: Timestamp,
    alert: &AlertState,
    mut fresh: AnnotatedNotice,
) -> AnnotatedNotice {
    let after: Duration = now.since(alert.waits_since);
    let step = u32::try_from(alert.steps).unwrap_or(u32::MAX);
    fresh.message_id = message_id(&fresh, 'e', alert.escalations);
    fresh.dispatch_notes.push(DispatchNote::Escalation { step, after });
    (fresh.reason, fresh.update) = (Reason::Reminder, 0);
    fresh
}

/// Whether somebody should look at it who has not said so.
fn waits(alert: &AlertState) -> bool {
    let annotations = &alert.annotations;
    let quiet = annotations.muted.is_some() || annotations.expected.is_some();
    alert.notified
        && !alert.is_done()
        && !quiet
        && !annotations.is_acknowledged(alert.latest.severity)
}

/// A Message-ID of its own, in the thread of the incident.
fn message_id(notice: &Notice, why: char, number: u32) -> String {
    format!("<{}.{}.{why}{number}@originwatch>", notice.incident, notice.sequence)
}

/// The last step at or before `now` of those that are `every` apart from `first`.
fn last_before(first: Timestamp, every: Duration, now: Timestamp) -> Timestamp {
    let every = every.as_micros().max(1);
    let steps = now.since(first).as_micros() / every;
    first + Duration::from_micros(u64::try_from(steps * every).unwrap_or(0))
}

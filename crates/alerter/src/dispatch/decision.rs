//! The way of a notice through what may hold it back.

use bgp::Timestamp;
use validator::Severity;

use super::alert_state::AlertState;
use super::backoff::Backoff;
use super::{Dispatcher, Wake};
use crate::annotations::{Annotations, Silence};
use crate::dispatch_note::{DispatchNote, Hold};
use crate::notice::AnnotatedNotice;
use crate::notification::{Content, Notification};
use crate::receiver::Receiver;
use crate::summary::Row;
use crate::window::WindowKey;
use incidents::{IncidentChange, IncidentId, Incidents, Notice, Reason};

impl Dispatcher {
    /// The engine has said something.
    pub(super) fn decide(&mut self, notice: Notice, incidents: &Incidents) {
        let now = self.memory.now;
        let id = notice.incident.clone();
        let known = self.memory.alerts.contains_key(&id);
        let opening = matches!(notice.reason, Reason::Opened | Reason::Reopened);
        if opening || !known {
            let to = self.rules.routing.of(now, self.rules.operator.time_zone(), &notice);
            let alert = self.memory.alerts.entry(id.clone());
            let alert = alert.or_insert_with(|| AlertState::new(now, notice.clone()));
            alert.widen(to);
            // A store of an older version has told it to everyone.
            alert.told = !known && !opening;
        }
        if let Some(alert) = self.memory.alerts.get_mut(&id) {
            alert.take(now, notice);
        }
        self.note_endangered(&id, incidents);
        self.tell(&id, incidents);
        self.schedule_alert(&id);
    }

    /// The latest notice of an incident, to whom it may concern.
    fn tell(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(alert) = self.memory.alerts.get(id) else { return };
        let over = alert.latest.reason == Reason::Resolved;
        if over {
            self.tell_end(id, incidents);
            return;
        }
        if self.is_held(id) {
            return;
        }
        let Some(notice) = self.latest(id) else { return };
        self.post_alert(id, notice.clone(), Audience::Programs);
        if self.is_backed_off(id) || self.joins_storm(id, incidents) {
            return;
        }
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let notice = if alert.held.is_some() { alert.release(notice) } else { notice };
        self.post_alert(id, notice, Audience::People);
        self.step_backoff(id);
    }

    /// Whoever was told that it opened is told that it is over, whatever holds back the rest.
    fn tell_end(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        (alert.annotations.muted, alert.annotations.expected) = (None, None);
        if !alert.told {
            // In a window it stays a row of the summary; what was muted is not told any more.
            alert.held.take_if(|held| held.window.is_none());
            return;
        }
        alert.held = None;
        let storm = alert.storm.clone();
        let Some(notice) = self.latest(id) else { return };
        self.post_alert(id, notice.clone(), Audience::Programs);
        match storm {
            Some(group_key) => self.change_storm(&group_key, false, incidents),
            None => self.post_alert(id, notice, Audience::People),
        }
    }

    /// Whether it is closed, muted or expected: then it is kept back.
    pub(super) fn is_held(&mut self, id: &IncidentId) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get(id) else { return true };
        let silence = self.silence_of(&alert.latest).cloned();
        let window = self.window_of(&alert.latest);
        let Some(alert) = self.memory.alerts.get_mut(id) else { return true };
        alert.annotations.muted.clone_from(&silence);
        alert.annotations.expected = window.as_ref().map(|key| key.name.clone());
        if alert.annotations.closed.is_some() {
            return true;
        }
        if silence.is_some() {
            alert.hold(now, Hold::Mute, None);
        } else if let Some(key) = window {
            alert.hold(now, Hold::Maintenance(key.name.clone()), Some(key));
        } else {
            return false;
        }
        true
    }

    /// The mute that holds for it, the longest one.
    pub(super) fn silence_of(&self, notice: &Notice) -> Option<&Silence> {
        let now = self.memory.now;
        let holds = |silence: &&Silence| silence.until > now && silence.scope.holds(notice);
        self.memory.silences.iter().filter(holds).max_by_key(|silence| silence.until)
    }

    /// The window that expects it.
    pub(super) fn window_of(&self, notice: &Notice) -> Option<WindowKey> {
        let now = self.memory.now;
        let mut windows = self.memory.windows.iter().filter(|planned| planned.window.is_open(now));
        windows.find(|planned| planned.window.expects_incident(notice)).map(super::Planned::key)
    }

    /// Whether its updates come at widening intervals and this one is too early.
    fn is_backed_off(&mut self, id: &IncidentId) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(id) else { return true };
        let more_serious =
            alert.latest.changes.iter().any(|n| matches!(n, IncidentChange::Severity(_)));
        let update = alert.latest.reason == Reason::Update && !more_serious;
        let early = alert.backoff.is_some_and(|backoff| now < backoff.next());
        let backed_off = update && early && alert.is_mass() && alert.told && alert.storm.is_none();
        if backed_off {
            alert.hold(now, Hold::Mass, None);
        }
        backed_off
    }

    fn step_backoff(&mut self, id: &IncidentId) {
        let now = self.memory.now;
        let Some((rules, alert)) = self.rules.storm.as_ref().zip(self.memory.alerts.get_mut(id))
        else {
            return;
        };
        match &mut alert.backoff {
            Some(backoff) => backoff.step(now, rules),
            none => *none = Some(Backoff::new(now, rules)),
        }
    }

    /// What held it back is no more: how it stands now, if something was held.
    pub(super) fn release(&mut self, id: &IncidentId, incidents: &Incidents) {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        if alert.is_over() || alert.held.is_none() {
            return;
        }
        let by_backoff = alert.held.as_ref().is_some_and(|held| held.by == Hold::Mass);
        let fresh = self.fresh(id, incidents);
        let Some((alert, fresh)) = self.memory.alerts.get_mut(id).zip(fresh) else { return };
        let notice = alert.release(fresh);
        alert.wait_from(now);
        // Of what was muted programs were told nothing either.
        if !by_backoff {
            self.post_alert(id, notice.clone(), Audience::Programs);
        }
        if !self.joins_storm(id, incidents) {
            self.post_alert(id, notice, Audience::People);
            self.step_backoff(id);
        }
    }

    /// What the engine said last of an incident.
    fn latest(&self, id: &IncidentId) -> Option<AnnotatedNotice> {
        let alert = self.memory.alerts.get(id)?;
        Some(AnnotatedNotice::new(alert.latest.clone(), &self.rules.operator))
    }

    /// How an incident stands now, under the name of the last notice.
    pub(super) fn fresh(&self, id: &IncidentId, incidents: &Incidents) -> Option<AnnotatedNotice> {
        let alert = self.memory.alerts.get(id)?;
        let now = self.memory.now;
        let latest = &alert.latest;
        let stood = || Notice { at: now, reason: Reason::Reminder, ..latest.clone() };
        let mut fresh = incidents.view().look(now, id).unwrap_or_else(stood);
        fresh.sequence = latest.sequence;
        Some(AnnotatedNotice::new(fresh, &self.rules.operator))
    }

    /// Posts a notice to its receivers, or the part of it that is meant.
    pub(super) fn post_alert(
        &mut self,
        id: &IncidentId,
        mut notice: AnnotatedNotice,
        audience: Audience,
    ) {
        let programs = &self.rules.programs;
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let meant = |to: &&Receiver| match audience {
            Audience::Programs => programs.contains(&to.channel),
            Audience::People => !programs.contains(&to.channel),
        };
        let to: Vec<Receiver> = alert.receivers.iter().filter(meant).cloned().collect();
        if !alert.told && audience == Audience::People {
            alert.told = true;
            alert.wait_from(self.memory.now);
        }
        notice.annotations = alert.annotations.clone();
        notice.retitle(self.rules.operator.time_zone());
        let content = Content::Notice(Box::new(notice));
        let also = self.post(to, content);
        if let Some(alert) = self.memory.alerts.get_mut(id) {
            alert.widen(also);
        }
    }

    /// The way out: who is added because somebody may not be reached, and who has had enough.
    ///
    /// Returns who was added.
    pub(super) fn post(&mut self, mut to: Vec<Receiver>, mut content: Content) -> Vec<Receiver> {
        let now = self.memory.now;
        let mut added = Vec::new();
        if let Some(note) = to.iter().find_map(|to| self.endangered(to)) {
            added = self.rules.also.iter().filter(|also| !to.contains(also)).cloned().collect();
            to.extend(added.iter().cloned());
            match &mut content {
                Content::Notice(notice) => notice.dispatch_notes.push(note),
                Content::Summary(summary) => summary.dispatch_notes.push(note),
            }
        }
        if let Some(limit) = self.rules.notification_limit {
            to.retain(|to| self.passes(to, limit, &content));
        }
        if !to.is_empty() {
            let urgent = is_urgent(&content);
            self.notifications.push_back(Notification { to, urgent, at: now, content });
        }
        added
    }

    /// Whether a notification may go there now; else it becomes a row of a digest.
    fn passes(&mut self, to: &Receiver, limit: u32, content: &Content) -> bool {
        if self.rules.programs.contains(&to.channel) {
            return true;
        }
        let now = self.memory.now;
        let limit_of = self.memory.limits.entry(to.clone()).or_default();
        let passed = limit_of.pass(now, limit, content);
        if let (false, Content::Notice(notice)) = (passed, content) {
            let none = Annotations::default();
            let annotations =
                self.memory.alerts.get(&notice.incident).map_or(&none, |alert| &alert.annotations);
            limit_of.hold(now, Row::of(&notice.notice, annotations, 0));
        }
        self.schedule_limit(to);
        passed
    }

    pub(super) fn schedule_limit(&mut self, to: &Receiver) {
        let limit_of = self.memory.limits.get(to);
        let due = limit_of
            .zip(self.rules.notification_limit)
            .and_then(|(limit_of, limit)| limit_of.due(limit));
        self.timers.set(&Wake::NotificationLimit(to.clone()), due);
    }

    /// Why a receiver may not be reached.
    fn endangered(&self, to: &Receiver) -> Option<DispatchNote> {
        let (incident, prefix) = self.memory.endangered.get(to)?.iter().next()?;
        let (incident, prefix) = (incident.clone(), *prefix);
        Some(DispatchNote::Endangered { receiver: to.clone(), prefix, incident })
    }

    /// Whether an open incident is about an address that a receiver depends on.
    pub(super) fn note_endangered(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(alert) = self.memory.alerts.get(id) else { return };
        let notice = &alert.latest;
        let harmful = !alert.is_over() && notice.severity >= Severity::Warning;
        for (receiver, addresses) in &self.memory.addresses {
            let listed = notice.prefixes.iter().map(|affected| affected.announced);
            let mut listed = listed.filter(|prefix| addresses.iter().any(|a| prefix.contains(*a)));
            let unlisted = || {
                let all = notice.prefixes.len() == notice.prefix_count;
                addresses.iter().filter(|_| !all).find_map(|a| incidents.view().covering(id, *a))
            };
            let covering = if harmful { listed.next().or_else(unlisted) } else { None };
            let known = self.memory.endangered.entry(receiver.clone()).or_default();
            match covering {
                Some(prefix) => known.insert(id.clone(), prefix),
                None => known.remove(id),
            };
        }
    }
}

/// Who is meant of a receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Programs,
    People,
}

fn is_urgent(content: &Content) -> bool {
    let over = match content {
        Content::Notice(notice) => notice.reason == Reason::Resolved,
        Content::Summary(summary) => summary.over || summary.open_count == 0,
    };
    content.severity() == Severity::Critical && !over
}

/// So long after that nothing more is expected of an incident that is over.
pub(super) fn forget_at(
    alert: &AlertState,
    remember_for: std::time::Duration,
) -> Option<Timestamp> {
    alert.over.map(|over| over + remember_for)
}

use std::collections::VecDeque;
use std::net::IpAddr;

use bgp::Timestamp;
use validator::Severity;

use super::command::{Action, Command, Refusal, line};
use super::maintenance::{release_held, unmet};
use super::memory::{Memory, Wake};
use super::reminder::{self, escalation_due, forget_due, reminder_due};
use super::rules::{Audience, DispatchRules};
use super::storm::Urgency;
use super::{digest, summarize};
use crate::annotations::Annotations;
use crate::dispatch_note::Hold;
use crate::notice::AnnotatedNotice;
use crate::notification::{Content, Notification};
use crate::receiver::Receiver;
use crate::silence::Silence;
use crate::summary::{Cause, Queue, Row, StormKey, Summary, SummaryId};
use crate::window::{Planned, Window, WindowKey};
use incidents::{IncidentId, Incidents, Notice, Reason, Timers};

/// Decides which notices become notifications, for whom, and when.
///
/// After each call of [`handle`](Self::handle), [`command`](Self::command) and
/// [`handle_timeout`](Self::handle_timeout), drain [`poll`](Self::poll). The engine, of which a
/// reminder or a summary asks how things stand, is an argument.
#[derive(Debug)]
pub struct Dispatcher {
    rules: DispatchRules,
    queue: Queue,
    memory: Memory,
    timers: Timers<Wake>,
    notifications: VecDeque<Notification>,
}

impl Dispatcher {
    /// Nothing is known yet.
    pub fn new(rules: DispatchRules) -> Self {
        Dispatcher {
            rules,
            queue: Queue::default(),
            memory: Memory::default(),
            timers: Timers::default(),
            notifications: VecDeque::new(),
        }
    }

    /// What the dispatcher knows, as JSON; rules and undrained notifications are not part of it.
    ///
    /// # Errors
    ///
    /// Only where the memory for it cannot be had.
    pub fn save(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&self.memory)
    }

    /// Goes on from what [`save`](Self::save) wrote, under rules that may have changed since.
    ///
    /// # Errors
    ///
    /// Where the bytes are not what `save` wrote.
    pub fn restore(rules: DispatchRules, saved: &[u8]) -> Result<Self, serde_json::Error> {
        let mut dispatcher = Dispatcher::new(rules);
        dispatcher.memory = serde_json::from_slice(saved)?;
        dispatcher.memory.wakes().iter().for_each(|wake| dispatcher.schedule(wake));
        Ok(dispatcher)
    }

    /// What waits to be delivered, as the daily digest tells it.
    pub fn set_queue(&mut self, queue: Queue) {
        self.queue = queue;
    }

    /// A notice as it is told while nobody has said anything of the incident.
    pub fn annotated(&self, notice: Notice) -> AnnotatedNotice {
        AnnotatedNotice::new(notice, &self.rules.operator)
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// The next notification, in the order in which they were decided.
    pub fn poll(&mut self) -> Option<Notification> {
        self.notifications.pop_front()
    }

    /// What people have said about an incident; none of one that was never told.
    pub fn annotations(&self, incident: &IncidentId) -> Option<&Annotations> {
        self.memory.alerts.get(incident).map(|alert| &alert.annotations)
    }

    /// The addresses that a receiver depends on, as it was last told.
    pub fn addresses(&self, receiver: &Receiver) -> &[IpAddr] {
        self.memory.reachability.addresses(receiver)
    }

    /// What is muted, and until when.
    pub fn silences(&self) -> &[Silence] {
        self.memory.silences.as_slice()
    }

    /// The maintenance windows that are open or to come, each with its source; empty of those that
    /// were added by a command.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Window)> {
        self.memory.windows.iter().map(|planned| (planned.source.as_str(), &planned.window))
    }

    /// How many notifications' worth is held back and will be told: alerts, and rows of digests.
    pub fn held(&self) -> usize {
        let alerts = self.memory.alerts.iter().filter(|(_, alert)| alert.held.is_some()).count();
        alerts + self.memory.limits.held()
    }

    /// Takes a notice in, after everything that was due before it.
    pub fn handle(&mut self, now: Timestamp, notice: Notice, incidents: &Incidents) {
        self.handle_timeout(now, incidents);
        let id = notice.incident.clone();
        self.memory.alerts.take(self.memory.now, notice, &self.rules);
        self.memory.review_reachability(&id, incidents);
        self.tell(&id, incidents);
        self.schedule(&Wake::Alert(id));
    }

    /// Does what is due at `now`. Safe to call early or twice. What comes at intervals and was
    /// missed more than once is made up for once.
    pub fn handle_timeout(&mut self, now: Timestamp, incidents: &Incidents) {
        while let Some((due, wake)) = self.timers.take_due(now) {
            self.memory.now = self.memory.now.max(due);
            match wake {
                Wake::Silences => self.end_silences(incidents),
                Wake::Window(key) => self.end_window(&key, incidents),
                Wake::Alert(id) => self.wake_alert(&id, now, incidents),
                Wake::Storm(group_key) => self.tell_storm(&group_key, incidents),
                Wake::NotificationLimit(receiver) => self.tell_held_back(&receiver, incidents),
                Wake::Digest => self.tell_day(now, incidents),
            }
        }
        if now > self.memory.now {
            let first = self.memory.now == Timestamp::default();
            self.memory.now = now;
            if first {
                self.schedule(&Wake::Digest);
            }
        }
    }

    /// Does what somebody wants, after everything that was due before it.
    ///
    /// # Errors
    ///
    /// Where it makes no sense now; nothing has changed then.
    pub fn command(
        &mut self,
        now: Timestamp,
        command: Command,
        incidents: &Incidents,
    ) -> Result<(), Refusal> {
        self.handle_timeout(now, incidents);
        let (by, at) = (line(&command.by), self.memory.now);
        let memory = &mut self.memory;
        match command.action {
            Action::Acknowledge { incident } | Action::Accept { incident } => {
                memory.alerts.acknowledge(by, at, &incident)?;
                self.schedule(&Wake::Alert(incident));
            }
            Action::Mute { scope, until } => {
                memory.silences.add(Silence { by, at, until, scope }, &memory.alerts)?;
                self.schedule(&Wake::Silences);
                self.review_silences(incidents);
            }
            Action::Unmute { scope } => {
                memory.silences.remove(&scope)?;
                self.end_silences(incidents);
            }
            Action::Close { incident } => {
                let storm = memory.alerts.close(by, at, &incident)?;
                self.schedule(&Wake::Alert(incident));
                if let Some(group_key) = storm {
                    self.change_storm(&group_key, Urgency::AtInterval, incidents);
                }
            }
            Action::Note { incident, text } => memory.alerts.note(by, at, &incident, &text)?,
            Action::MaintenanceAdd { window } => {
                let gone = memory.windows.add(at, window)?;
                self.change_windows(&gone, incidents);
            }
            Action::MaintenanceRemove { name } => {
                let gone = memory.windows.remove(at, &name)?;
                self.change_windows(&gone, incidents);
            }
            Action::SetWindows { source, windows } => {
                let gone = memory.windows.set(at, &source, windows)?;
                self.change_windows(&gone, incidents);
            }
            Action::SetAddresses { receiver, addresses } => {
                memory.set_addresses(receiver, addresses, incidents);
            }
        }
        Ok(())
    }

    /// The latest notice of an incident, to whom it may concern.
    fn tell(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(alert) = self.memory.alerts.get(id) else { return };
        if alert.latest.reason == Reason::Resolved {
            self.tell_end(id, incidents);
            return;
        }
        let notice = alert.latest(&self.rules.operator);
        if self.memory.is_held(id) {
            return;
        }
        self.post_alert(id, notice.clone(), Audience::Programs);
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        if alert.is_backed_off(self.memory.now) || self.joins_storm(id, incidents) {
            return;
        }
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let notice = if alert.held.is_some() { alert.release(notice) } else { notice };
        self.post_alert(id, notice, Audience::People);
        self.step_backoff(id);
    }

    fn tell_end(&mut self, id: &IncidentId, incidents: &Incidents) {
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        if !alert.end() {
            return;
        }
        let (storm, notice) = (alert.storm.clone(), alert.latest(&self.rules.operator));
        self.post_alert(id, notice.clone(), Audience::Programs);
        match storm {
            Some(group_key) => self.change_storm(&group_key, Urgency::AtInterval, incidents),
            None => self.post_alert(id, notice, Audience::People),
        }
    }

    fn step_backoff(&mut self, id: &IncidentId) {
        let alert = self.memory.alerts.get_mut(id);
        if let Some((rules, alert)) = self.rules.storm.as_ref().zip(alert) {
            alert.step_backoff(self.memory.now, rules);
        }
    }

    /// What held it back is no more: how it stands now, if something was held.
    fn release(&mut self, id: &IncidentId, incidents: &Incidents) {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let Some(held) = alert.held.as_ref().filter(|_| !alert.is_over()) else { return };
        let by_backoff = held.by == Hold::Mass;
        let notice = alert.release(alert.fresh(now, &self.rules.operator, incidents));
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

    /// Does what time alone does to an alert; what comes at intervals starts again from `now`.
    fn wake_alert(&mut self, id: &IncidentId, now: Timestamp, incidents: &Incidents) {
        let at = self.memory.now;
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= at);
        let Some(alert) = self.memory.alerts.get(id) else { return };
        if is_due(forget_due(alert, &self.rules)) {
            self.memory.alerts.remove(id);
            return;
        }
        if is_due(alert.backoff_due()) {
            self.release(id, incidents);
        }
        while let Some(alert) = self.memory.alerts.get(id)
            && is_due(escalation_due(alert, &self.rules))
        {
            self.escalate(id, incidents);
        }
        if let Some(alert) = self.memory.alerts.get_mut(id)
            && is_due(reminder_due(alert, &self.rules))
        {
            let fresh = alert.fresh(at, &self.rules.operator, incidents);
            let notice = reminder::remind(alert, fresh);
            reminder::mark_reminded(alert, at, now, &self.rules);
            self.post_alert(id, notice, Audience::People);
        }
        self.schedule(&Wake::Alert(id.clone()));
    }

    /// Tells the next contact.
    fn escalate(&mut self, id: &IncidentId, incidents: &Incidents) {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let Some(step) = self.rules.escalation.get(alert.steps) else { return };
        let to = reminder::escalate(alert, step);
        if let Some(group_key) = alert.storm.clone() {
            let to = self.memory.storms.widen(&group_key, to);
            if !to.is_empty() {
                self.post_storm(&group_key, to, false, incidents);
            }
            return;
        }
        let fresh = alert.fresh(now, &self.rules.operator, incidents);
        let mut notice = reminder::escalated(now, alert, fresh);
        notice.annotations = alert.annotations.clone();
        notice.retitle(self.rules.operator.time_zone());
        if !to.is_empty() {
            self.post(to, Content::Notice(Box::new(notice)));
        }
    }

    /// A silence has come to its end.
    fn end_silences(&mut self, incidents: &Incidents) {
        self.memory.silences.expire(self.memory.now);
        self.schedule(&Wake::Silences);
        self.review_silences(incidents);
    }

    /// The silences are not what they were: which alerts do they still hold?
    fn review_silences(&mut self, incidents: &Incidents) {
        for id in self.memory.alerts.ids() {
            let Some(free) = self.memory.review_silences(&id) else { continue };
            if free {
                self.release(&id, incidents);
            }
            self.schedule(&Wake::Alert(id));
        }
    }

    fn end_window(&mut self, key: &WindowKey, incidents: &Incidents) {
        if let Some(planned) = self.memory.windows.take(key) {
            self.tell_window(&planned, true, incidents);
        }
    }

    /// The windows are not what they were, and these ended before their time.
    fn change_windows(&mut self, gone: &[Planned], incidents: &Incidents) {
        for planned in gone {
            self.schedule(&Wake::Window(planned.key()));
            self.tell_window(planned, false, incidents);
        }
        let keys: Vec<WindowKey> = self.memory.windows.iter().map(Planned::key).collect();
        keys.into_iter().for_each(|key| self.schedule(&Wake::Window(key)));
    }

    /// One notification for all that a window held, and, where it is complete, for what should have
    /// happened in it.
    fn tell_window(&mut self, planned: &Planned, complete: bool, incidents: &Incidents) {
        let (key, window) = (planned.key(), &planned.window);
        let released = release_held(self.memory.now, &key, &mut self.memory.alerts, &self.rules);
        released.ids.iter().for_each(|id| self.tell_programs(id, incidents));
        let unmet = if complete { unmet(window, incidents) } else { Vec::new() };
        let to = if released.to.is_empty() { self.rules.default_people() } else { released.to };
        if !released.rows.is_empty() || !unmet.is_empty() {
            let id = SummaryId::of("maintenance", &key.name, key.from);
            let cause = Cause::Maintenance { window: window.clone() };
            let mut summary = self.summary(id, cause, released.rows, incidents);
            (summary.since, summary.unmet) = (window.from, unmet);
            if !summary.unmet.is_empty() {
                summary.severity = summary.severity.max(Severity::Warning);
            }
            self.post(to, Content::Summary(Box::new(summary)));
        }
        released.ids.iter().for_each(|id| self.schedule(&Wake::Alert(id.clone())));
    }

    /// Programs read no summaries: what is still open is told to them by itself.
    fn tell_programs(&mut self, id: &IncidentId, incidents: &Incidents) {
        let alert = self.memory.alerts.get(id).filter(|alert| !alert.is_over());
        let Some(alert) = alert else { return };
        let mut notice = alert.fresh(self.memory.now, &self.rules.operator, incidents);
        (notice.reason, notice.update) = (alert.latest.reason, alert.latest.update);
        self.post_alert(id, notice, Audience::Programs);
    }

    /// Whether people are told of it in one notification with others.
    fn joins_storm(&mut self, id: &IncidentId, incidents: &Incidents) -> bool {
        let Memory { now, alerts, storms, .. } = &mut self.memory;
        let joined = storms.join(*now, id, alerts, &self.rules);
        let Some((group_key, urgency)) = joined else { return false };
        self.change_storm(&group_key, urgency, incidents);
        true
    }

    /// Something of a storm is not as it was told: tells it at once, or when its time comes.
    fn change_storm(&mut self, group_key: &StormKey, urgency: Urgency, incidents: &Incidents) {
        let Memory { now, alerts, storms, .. } = &mut self.memory;
        match storms.change(*now, group_key, urgency, alerts, &self.rules) {
            true => self.tell_storm(group_key, incidents),
            false => self.schedule(&Wake::Storm(group_key.clone())),
        }
    }

    /// One more notification of a storm; the last one where all its incidents are over.
    fn tell_storm(&mut self, group_key: &StormKey, incidents: &Incidents) {
        let over = self.memory.storms.is_over(group_key, &self.memory.alerts);
        let Some(rules) = &self.rules.storm else { return };
        let to = self.memory.storms.step(self.memory.now, group_key, rules);
        self.post_storm(group_key, to, over, incidents);
        if over {
            let members = self.memory.storms.end(group_key, &mut self.memory.alerts);
            members.into_iter().for_each(|member| self.schedule(&Wake::Alert(member)));
        }
        self.schedule(&Wake::Storm(group_key.clone()));
    }

    fn post_storm(
        &mut self,
        group_key: &StormKey,
        to: Vec<Receiver>,
        over: bool,
        incidents: &Incidents,
    ) {
        let report = self.memory.storms.report(group_key, &self.memory.alerts);
        let Some(report) = report else { return };
        let cause = Cause::Storm(group_key.clone());
        let mut summary = self.summary(report.id, cause, report.rows, incidents);
        (summary.since, summary.over) = (report.since, over);
        summarize::number(&mut summary, report.sequence, self.rules.operator.time_zone());
        self.post(to, Content::Summary(Box::new(summary)));
    }

    /// What the limit held back of one receiver, past the limit.
    fn tell_held_back(&mut self, to: &Receiver, incidents: &Incidents) {
        let at = self.memory.now;
        let Some(per_hour) = self.rules.notification_limit else { return };
        let Some((since, rows)) = self.memory.take_held_back(to) else { return };
        let id = SummaryId::of("ceiling", &to.to_string(), since);
        let mut summary = self.summary(id, Cause::NotificationLimit { per_hour }, rows, incidents);
        summary.since = since;
        let content = Content::Summary(Box::new(summary));
        let notification = Notification::new(vec![to.clone()], at, content);
        self.notifications.push_back(notification);
        self.schedule(&Wake::NotificationLimit(to.clone()));
    }

    /// The notification that comes every day, for the last day that was missed if there were several.
    fn tell_day(&mut self, now: Timestamp, incidents: &Incidents) {
        let Some(to) = self.rules.digest.as_ref().map(|digest| digest.to.clone()) else { return };
        self.memory.now = digest::latest(self.memory.now, now, &self.rules);
        let rows = self.memory.open_rows();
        let id = SummaryId::of("daily", "", self.memory.now);
        let mut summary = self.summary(id, Cause::Daily, rows, incidents);
        summary.queue = Some(self.queue);
        self.post(to, Content::Summary(Box::new(summary)));
        self.schedule(&Wake::Digest);
    }

    fn summary(
        &self,
        id: SummaryId,
        cause: Cause,
        rows: Vec<Row>,
        incidents: &Incidents,
    ) -> Summary {
        let operator = &self.rules.operator;
        summarize::summarize(self.memory.now, operator, id, cause, rows, incidents)
    }

    /// Posts a notice to the receivers of its alert, or the part of them that is meant.
    fn post_alert(&mut self, id: &IncidentId, mut notice: AnnotatedNotice, audience: Audience) {
        let Some(alert) = self.memory.alerts.get_mut(id) else { return };
        let to = alert.receivers.iter().filter(|to| self.rules.audience(to) == audience);
        let to: Vec<Receiver> = to.cloned().collect();
        if audience == Audience::People {
            alert.mark_told(self.memory.now);
        }
        notice.annotations = alert.annotations.clone();
        notice.retitle(self.rules.operator.time_zone());
        let also = self.post(to, Content::Notice(Box::new(notice)));
        if let Some(alert) = self.memory.alerts.get_mut(id) {
            alert.widen(also);
        }
    }

    /// The way out: who is added because somebody may not be reached, and who has had enough.
    ///
    /// Returns who was added.
    fn post(&mut self, mut to: Vec<Receiver>, mut content: Content) -> Vec<Receiver> {
        let added = self.memory.add_for_unreachable(&to, &mut content, &self.rules);
        to.extend(added.iter().cloned());
        let limits: Vec<Wake> = to.iter().cloned().map(Wake::NotificationLimit).collect();
        self.notifications.extend(self.memory.limit(to, content, &self.rules));
        limits.iter().for_each(|limit| self.schedule(limit));
        added
    }

    /// Puts on the timers, or takes off, when this is due.
    fn schedule(&mut self, wake: &Wake) {
        self.timers.set(wake, self.memory.due(wake, &self.rules));
    }
}

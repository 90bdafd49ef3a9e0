//! A dispatcher, an engine that knows nothing, and notices made by hand.

use alerter::dispatch::{Action, Command, DispatchRules, Dispatcher, Refusal, Routing};
use alerter::{Content, Notification, Receiver, Scope};
use bgp::{Asn, Timestamp};
use incidents::{IncidentChange, IncidentId, Incidents, Notice, Reason, State};
use validator::{IncidentKind, Severity};

use crate::annotated::operator;
use crate::lab::{FIRST, Lab, START, at, directory};

pub(crate) struct Office {
    pub(crate) incidents: Incidents,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) notifications: Vec<Notification>,
    rules: DispatchRules,
}

pub(crate) fn mailbox(name: &str) -> Receiver {
    Receiver { channel: "mail".into(), address: format!("{name}@example.net") }
}

pub(crate) fn dispatch_rules() -> DispatchRules {
    DispatchRules {
        operator: operator(),
        routing: Routing::to_all(vec![mailbox("noc")]),
        ..DispatchRules::default()
    }
}

pub(crate) fn id(n: u32) -> IncidentId {
    serde_json::from_value(format!("OW-20140402-AS{n}-0000").into()).unwrap()
}

/// What the engine says of incident `n`, by offender `n`, on a prefix of ours.
pub(crate) fn notice(
    n: u32,
    second: i64,
    sequence: u32,
    reason: Reason,
    severity: Severity,
) -> Notice {
    thread_local! {
        static SAMPLE: Notice = {
            let mut lab = Lab::with_baseline();
            lab.hijack(5, 10, FIRST);
            lab.hijack(6, 11, FIRST);
            lab.last().clone()
        };
    }
    let mut notice = SAMPLE.with(Clone::clone);
    notice.incident = id(n);
    (notice.sequence, notice.reason, notice.severity) = (sequence, reason, severity);
    notice.update = u32::from(reason == Reason::Update);
    notice.state = if reason == Reason::Resolved { State::Resolved } else { State::Open };
    notice.offenders[0].asn = Asn::new(n);
    (notice.at, notice.last_seen) = (at(second), at(second));
    (notice.since, notice.first_seen) = (at(0), at(0));
    notice
}

impl Office {
    pub(crate) fn new(rules: DispatchRules) -> Self {
        let incidents = Incidents::new(crate::lab::rules(), directory().into());
        let dispatcher = Dispatcher::new(rules.clone());
        Office { incidents, dispatcher, notifications: Vec::new(), rules }
    }

    pub(crate) fn hear(&mut self, notice: Notice) {
        self.dispatcher.handle(notice.at, notice, &self.incidents);
        self.drain();
    }

    /// Incident `n` opens, changes or ends.
    pub(crate) fn say(&mut self, n: u32, second: i64, sequence: u32, reason: Reason) {
        self.hear(notice(n, second, sequence, reason, Severity::Critical));
    }

    /// It becomes so serious.
    pub(crate) fn worse(&mut self, n: u32, second: i64, sequence: u32, severity: Severity) {
        let mut notice = notice(n, second, sequence, Reason::Update, severity);
        notice.changes = vec![IncidentChange::Severity(severity)];
        self.hear(notice);
    }

    /// A router that is down: a warning about something that is not a route.
    pub(crate) fn router(&mut self, n: u32, second: i64, reason: Reason) {
        let sequence = u32::from(reason == Reason::Resolved);
        let mut notice = notice(n, second, sequence, reason, Severity::Warning);
        (notice.kind, notice.subject) = (IncidentKind::RouterDown, format!("edge{n}"));
        notice.offenders.clear();
        notice.prefixes.clear();
        notice.prefix_count = 0;
        self.hear(notice);
    }

    pub(crate) fn command(&mut self, second: i64, action: Action) -> Result<(), Refusal> {
        let command = Command { by: "ann@example.net".into(), action };
        let done = self.dispatcher.command(at(second), command, &self.incidents);
        self.drain();
        done
    }

    pub(crate) fn mute(&mut self, second: i64, n: u32, until: i64) {
        let scope = Scope::Incident(id(n));
        self.command(second, Action::Mute { scope, until: at(until) }).unwrap();
    }

    /// Time goes on till then, asked for whenever something is due.
    pub(crate) fn wait(&mut self, second: i64) {
        while let Some(due) = self.dispatcher.next_timeout().filter(|due| *due <= at(second)) {
            self.dispatcher.handle_timeout(due, &self.incidents);
            self.drain();
        }
        self.dispatcher.handle_timeout(at(second), &self.incidents);
        self.drain();
    }

    /// What a crash and a new start do.
    pub(crate) fn restart(&mut self) {
        let saved = self.dispatcher.save().unwrap();
        self.dispatcher = Dispatcher::restore(self.rules.clone(), &saved).unwrap();
    }

    fn drain(&mut self) {
        while let Some(notification) = self.dispatcher.poll() {
            self.notifications.push(notification);
        }
    }

    /// Each notification in a line: when, to whom, what.
    pub(crate) fn course(&self) -> String {
        self.notifications.iter().map(line).collect()
    }
}

pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.seconds() - START
}

fn line(notification: &Notification) -> String {
    let to: Vec<&str> =
        notification.to.iter().map(|to| to.address.split('@').next().unwrap()).collect();
    let urgent = if notification.urgent { '!' } else { ' ' };
    let (what, dispatch_notes) = match &notification.content {
        Content::Notice(notice) => {
            let what = format!("{} {} {}", notice.incident, notice.severity, notice.status());
            (what, &notice.dispatch_notes)
        }
        Content::Summary(summary) => {
            let rows = format!("{} rows, {} open", summary.row_count, summary.open_count);
            (format!("[{}] {rows}", summary.title), &summary.dispatch_notes)
        }
    };
    let mut line = format!("{:>6} {urgent} {}: {what}\n", seconds(notification.at), to.join(","));
    for note in dispatch_notes {
        line.push_str(&format!("           {note}\n"));
    }
    line
}

use crate::content::{notice_text, summary_text};
use crate::delivery_note::DeliveryNote;
use crate::notice::AnnotatedNotice;
use crate::notification::Content;
use crate::summary::{Cause, Summary};
use bgp::Timestamp;
use incidents::{Notice, Reason, State, printable};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use validator::Severity;

/// What a channel says of a notification: the facts that every service wants, in no service's shape.
///
/// It is what a template sees, and what a program reads; fields are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// The same for all notifications of one thread: what opens an alert elsewhere also closes it.
    pub key: String,
    /// Of this notification alone, and the same each time that it is sent: for an idempotency key.
    pub id: String,
    /// What becomes of the alert.
    pub action: EventAction,
    /// Why it is told: `opened`, `update`, `resolved`, ..
    pub reason: String,
    /// How loudly.
    pub severity: Severity,
    /// The kind of trouble, as in the config.
    pub kind: String,
    /// The site.
    pub site: String,
    /// One line.
    pub title: String,
    /// The whole text.
    pub text: String,
    /// The facts that stand beside the title: a name and a value each, both one line.
    pub facts: Vec<(&'static str, String)>,
    /// Since when.
    pub since: Timestamp,
    /// When this was decided.
    pub at: Timestamp,
    /// Set where it comes late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed: Option<Delayed>,
    /// Why the store did not take it, where it did not: then it comes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_stored: Option<String>,
    /// All that is known, as `replay --format json` writes it.
    #[serde(rename = "letter")]
    pub notification: Value,
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventAction {
    /// It begins, or begins again.
    Open,
    /// It goes on.
    Update,
    /// Somebody works on it.
    Acknowledge,
    /// It is over.
    Close,
    /// There is none: a digest.
    Inform,
}

/// By how much something is late, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delayed {
    /// By how many seconds.
    pub seconds: u64,
    /// What held it up.
    pub why: String,
}

impl Event {
    /// What there is to say of a notification, with times in this zone.
    pub fn of(content: &Content, zone: &TimeZone) -> Self {
        let event = match content {
            Content::Notice(notice) => Event::of_notice(notice, zone),
            Content::Summary(summary) => Event::of_summary(summary, zone),
        };
        Event {
            key: content.key().to_owned(),
            id: id(content.message_id()),
            // Without floats that are no numbers a notification is always JSON.
            notification: serde_json::to_value(content).unwrap_or_default(),
            ..event
        }
    }

    /// An incident that opens, goes on and ends: what a template has to render.
    pub fn samples() -> Vec<Self> {
        let course = [
            (Reason::Opened, State::Open),
            (Reason::Update, State::Open),
            (Reason::Resolved, State::Resolved),
        ];
        let notice: Result<AnnotatedNotice, _> = serde_json::from_str(include_str!("sample.json"));
        let sample = |(reason, state)| {
            let mut notice = notice.as_ref().ok()?.clone();
            (notice.reason, notice.state) = (reason, state);
            Some(Event::of(&Content::Notice(Box::new(notice)), &TimeZone::UTC))
        };
        course.into_iter().filter_map(sample).collect()
    }

    fn of_notice(notice: &AnnotatedNotice, zone: &TimeZone) -> Self {
        let acknowledged = notice.annotations.is_acknowledged(notice.severity);
        Event {
            key: String::new(),
            id: String::new(),
            action: match notice.reason {
                Reason::Opened | Reason::Reopened => EventAction::Open,
                Reason::Update if acknowledged => EventAction::Acknowledge,
                Reason::Update | Reason::Reminder => EventAction::Update,
                Reason::Resolved => EventAction::Close,
            },
            reason: notice.reason.name().to_owned(),
            severity: notice.severity,
            kind: notice.kind.name().to_owned(),
            site: printable(&notice.site),
            title: printable(&crate::content::mail::subject(notice)),
            text: notice_text(notice, zone),
            facts: facts(notice),
            since: notice.since,
            at: notice.at,
            delayed: None,
            not_stored: None,
            notification: Value::Null,
        }
    }

    fn of_summary(summary: &Summary, zone: &TimeZone) -> Self {
        let action = match (&summary.cause, summary.sequence) {
            (Cause::Storm(_), _) if summary.over => EventAction::Close,
            (Cause::Storm(_), 0) => EventAction::Open,
            (Cause::Storm(_), _) => EventAction::Update,
            (
                Cause::NotificationLimit { .. }
                | Cause::Maintenance { .. }
                | Cause::Daily
                | Cause::Drill,
                _,
            ) => EventAction::Inform,
        };
        let count = summary.row_count.to_string();
        let open = summary.open_count.to_string();
        Event {
            key: String::new(),
            id: String::new(),
            action,
            reason: summary.cause.name().to_owned(),
            severity: summary.severity,
            kind: "summary".to_owned(),
            site: printable(&summary.site),
            title: printable(&summary.title),
            text: summary_text(summary, zone),
            facts: vec![("incidents", count), ("open", open)],
            since: summary.since,
            at: summary.at,
            delayed: None,
            not_stored: None,
            notification: Value::Null,
        }
    }

    /// The same with what the attempt has to say beside it, before anything else in the text.
    #[must_use]
    pub fn noted(self, note: &DeliveryNote) -> Self {
        match note {
            DeliveryNote::Late { by, why } => {
                let (seconds, why) = (by.as_secs(), printable(why));
                let minutes = seconds / 60;
                let lead = format!("This is {minutes} min late. What held it up: {why}");
                let text = format!("{lead}\n\n{}", self.text);
                Event { text, delayed: Some(Delayed { seconds, why }), ..self }
            }
            DeliveryNote::NotStored { why } => {
                let why = printable(why);
                let lead = "Not stored, so this comes again when the store can be written:";
                let text = format!("{lead} {why}\n\n{}", self.text);
                Event { text, not_stored: Some(why), ..self }
            }
        }
    }

    /// The value of a fact.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// `OW-20140402-AS4761-6f3a-0` of `<OW-20140402-AS4761-6f3a.0@originwatch>`: header fields and signed
/// texts have no use for brackets and points.
fn id(message_id: &str) -> String {
    let id = message_id.trim_start_matches('<');
    id.split('@').next().unwrap_or_default().replace('.', "-")
}

/// Prefixes that a fact names; the rest is counted.
const NAMED: usize = 5;

fn facts(notice: &Notice) -> Vec<(&'static str, String)> {
    let mut prefixes: Vec<_> =
        notice.prefixes.iter().take(NAMED).map(|one| one.announced.to_string()).collect();
    if notice.prefix_count > NAMED {
        prefixes.push(format!("and {} more", notice.prefix_count - NAMED));
    }
    let offenders: Vec<_> =
        notice.offenders.iter().take(NAMED).map(incidents::Party::label).collect();
    let vantage = &notice.vantage;
    let spread = match vantage.total {
        0 => String::new(),
        total => format!("{} of {total} vantage points", vantage.holding),
    };
    let facts = [
        ("prefixes", prefixes.join(", ")),
        ("by", offenders.join("; ")),
        ("subject", notice.subject.clone()),
        ("seen by", if notice.prefixes.is_empty() { String::new() } else { spread }),
        ("incident", notice.incident.to_string()),
    ];
    let told = facts.into_iter().filter(|(_, value)| !value.is_empty());
    told.map(|(name, value)| (name, printable(&value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_each_action_of_an_incident() {
        let actions: Vec<_> = Event::samples().iter().map(|sample| sample.action).collect();
        assert_eq!(actions, [EventAction::Open, EventAction::Update, EventAction::Close]);
    }

    #[test]
    fn an_id_has_no_brackets_and_no_points() {
        assert_eq!(id("<OW-20140402-AS4761-6f3a.12@originwatch>"), "OW-20140402-AS4761-6f3a-12");
    }
}

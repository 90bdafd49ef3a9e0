use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, Severity};

use crate::annotations::Annotations;
use crate::dispatch_note::DispatchNote;
use crate::notice::AnnotatedNotice;
use crate::receiver::Receiver;
use crate::summary::Summary;
use incidents::Reason;

/// What the dispatcher lets out: content, and to whom it goes. One delivery for each of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// To whom; each once.
    pub to: Vec<Receiver>,
    /// Goes before what is not urgent: it tells of something critical that is not over.
    pub urgent: bool,
    /// When it was decided: of a notice that was held back later than the notice.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
}

/// What a notification says.
///
/// In JSON the notice or the summary with one more field, `content`; without that field it is a
/// notice, as older stores have them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "content", rename_all = "lowercase")]
pub enum Content {
    /// Of one incident.
    Notice(Box<AnnotatedNotice>),
    /// Of many, in one table.
    Summary(Box<Summary>),
}

impl Notification {
    /// Content that was decided at `at`, to each of these.
    pub(crate) fn new(to: Vec<Receiver>, at: Timestamp, content: Content) -> Self {
        let over = match &content {
            Content::Notice(notice) => notice.reason == Reason::Resolved,
            Content::Summary(summary) => summary.over || summary.open_count == 0,
        };
        let urgent = content.severity() == Severity::Critical && !over;
        Notification { to, urgent, at, content }
    }
}

impl Content {
    /// The same for every repetition: in angle brackets (RFC 5322 section 3.6.4).
    pub fn message_id(&self) -> &str {
        match self {
            Content::Notice(notice) => &notice.message_id,
            Content::Summary(summary) => &summary.message_id,
        }
    }

    /// The Message-ID of the first notification of the thread; the same as [`message_id`](Self::message_id)
    /// where this is that notification, and a reply to it otherwise.
    pub fn thread_id(&self) -> String {
        match self {
            Content::Notice(notice) => notice.thread_id(),
            Content::Summary(summary) => summary.thread_id(),
        }
    }

    /// When it was decided.
    pub fn at(&self) -> Timestamp {
        match self {
            Content::Notice(notice) => notice.at,
            Content::Summary(summary) => summary.at,
        }
    }

    /// The most serious severity in it.
    pub fn severity(&self) -> Severity {
        match self {
            Content::Notice(notice) => notice.severity,
            Content::Summary(summary) => summary.severity,
        }
    }

    /// `LON01 - BGP origin hijack - 19:26 - 02/04/2014 - OPEN`, in the operator's time zone.
    pub fn title(&self) -> &str {
        match self {
            Content::Notice(notice) => &notice.title,
            Content::Summary(summary) => &summary.title,
        }
    }

    /// A name that stays the same from the first to the last notification of the thread: of an incident
    /// its id. What programs behind a webhook tell open and close by.
    pub fn key(&self) -> &str {
        match self {
            Content::Notice(notice) => notice.incident.as_str(),
            Content::Summary(summary) => summary.summary.as_str(),
        }
    }

    /// The kind of the incident; none of a summary.
    pub fn kind(&self) -> Option<IncidentKind> {
        match self {
            Content::Notice(notice) => Some(notice.kind),
            Content::Summary(_) => None,
        }
    }

    /// Adds why it goes where it goes.
    pub(crate) fn push_note(&mut self, note: DispatchNote) {
        match self {
            Content::Notice(notice) => notice.dispatch_notes.push(note),
            Content::Summary(summary) => summary.dispatch_notes.push(note),
        }
    }

    /// What people have said about the incident.
    pub fn annotations(&self) -> Option<&Annotations> {
        match self {
            Content::Notice(notice) => Some(&notice.annotations),
            Content::Summary(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tag {
            #[serde(default)]
            content: Option<String>,
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        let tag = Tag::deserialize(&value).map_err(serde::de::Error::custom)?;
        let content = match tag.content.as_deref() {
            Some("notice") | None => serde_json::from_value(value).map(Content::Notice),
            Some("summary") => serde_json::from_value(value).map(Content::Summary),
            Some(other) => Err(serde::de::Error::custom(format!("unknown content '{other}'"))),
        };
        content.map_err(serde::de::Error::custom)
    }
}

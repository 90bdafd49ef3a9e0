use std::fmt;
use std::time::Duration;

use bgp::{Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{Kind, Severity};

use super::marks::Marks;
use super::summary::Summary;
use crate::{IncidentId, Notice};

/// Where letters go: a mailbox, a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// Which channel (`mail`).
    pub channel: String,
    /// The address within it; empty where the channel leads to one place.
    pub address: String,
}

/// What the desk lets out: content, and to whom it goes. One delivery for each of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// To whom; each once.
    pub to: Vec<Destination>,
    /// Goes before what is not urgent: it tells of something critical that is not over.
    pub urgent: bool,
    /// When it was decided: of a notice that was held back later than the notice.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
}

/// What a letter says.
///
/// In JSON the notice or the summary with one more field, `content`; without that field it is a
/// notice, as older stores have them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "content", rename_all = "lowercase")]
pub enum Content {
    /// Of one incident.
    Notice(Box<Notice>),
    /// Of many, in one table.
    Summary(Box<Summary>),
}

/// Why a notice comes when it comes, or to whom: what the incident itself does not explain. The
/// text of each is one sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remark {
    /// Nobody has acknowledged it; this is how often that was said.
    Reminder {
        /// Counted from one over the life of the incident.
        number: u32,
        /// Since when it waits for somebody.
        since: Timestamp,
    },
    /// Nobody has acknowledged it, so it goes to the next contact.
    Escalation {
        /// Counted from one.
        step: u32,
        /// How long it has waited for somebody.
        after: Duration,
    },
    /// It was held back, together with others before it that are not told any more.
    Held {
        /// Notices that were held back, this one among them.
        notices: u32,
        /// Since when.
        since: Timestamp,
        /// By what.
        by: Hold,
    },
    /// A destination depends on an address that the trouble covers, so others are told as well.
    Endangered {
        /// The destination.
        destination: Destination,
        /// What covers its address.
        prefix: Prefix,
        /// The incident that does.
        incident: IncidentId,
    },
    /// It did not happen: somebody tries out the channels.
    Drill,
}

/// What holds a notice back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Somebody muted it.
    Mute,
    /// A maintenance window, by its name.
    Maintenance(String),
    /// It hits many networks or prefixes, and its updates come at widening intervals.
    Mass,
}

impl Content {
    /// The same for every repetition: in angle brackets (RFC 5322 section 3.6.4).
    pub fn message_id(&self) -> &str {
        match self {
            Content::Notice(notice) => &notice.message_id,
            Content::Summary(summary) => &summary.message_id,
        }
    }

    /// The Message-ID of the first letter of the thread; the same as [`message_id`](Self::message_id)
    /// where this is that letter, and a reply to it otherwise.
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

    /// A name that stays the same from the first to the last letter of the thread: of an incident
    /// its id. What programs behind a webhook tell open and close by.
    pub fn key(&self) -> &str {
        match self {
            Content::Notice(notice) => notice.incident.as_str(),
            Content::Summary(summary) => summary.summary.as_str(),
        }
    }

    /// The kind of the incident; none of a summary.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Content::Notice(notice) => Some(notice.kind),
            Content::Summary(_) => None,
        }
    }

    /// What people have said about the incident.
    pub fn marks(&self) -> Option<&Marks> {
        match self {
            Content::Notice(notice) => Some(&notice.marks),
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

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_str() {
            "" => write!(f, "{}", self.channel),
            address => write!(f, "{}:{address}", self.channel),
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::Reminder { number, since } => {
                write!(f, "Nobody has acknowledged this since {since}: reminder {number}.")
            }
            Remark::Escalation { after, .. } => {
                let after = crate::words::duration(*after);
                write!(f, "Nobody has acknowledged this for {after}, so it goes to you as well.")
            }
            Remark::Held { notices, since, by } => {
                let notices = crate::words::plural(*notices, "notice", "notices");
                write!(f, "{notices} of this incident held back since {since}: {by}.")
            }
            Remark::Endangered { destination, prefix, incident } => write!(
                f,
                "{destination} lies in {prefix}, which {incident} is about, and may not be reached: \
                 others are told as well."
            ),
            Remark::Drill => write!(f, "This is a drill: nothing has happened."),
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::Mute => write!(f, "it was muted"),
            Hold::Maintenance(name) => write!(f, "it was expected ({name})"),
            Hold::Mass => write!(f, "updates of a mass event come at widening intervals"),
        }
    }
}

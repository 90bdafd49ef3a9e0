use std::fmt;
use std::time::Duration;

use crate::content::phrase::{duration, plural};
use crate::receiver::Receiver;
use bgp::{Prefix, Timestamp};
use incidents::IncidentId;
use serde::{Deserialize, Serialize};

/// Why a notice comes when it comes, or to whom: what the incident itself does not explain. The
/// text of each is one sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DispatchNote {
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
    /// A receiver depends on an address that the trouble covers, so others are told as well.
    Endangered {
        /// The receiver.
        #[serde(rename = "destination")]
        receiver: Receiver,
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

impl fmt::Display for DispatchNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DispatchNote::Reminder { number, since } => {
                write!(f, "Nobody has acknowledged this since {since}: reminder {number}.")
            }
            DispatchNote::Escalation { after, .. } => {
                let after = duration(*after);
                write!(f, "Nobody has acknowledged this for {after}, so it goes to you as well.")
            }
            DispatchNote::Held { notices, since, by } => {
                let notices = plural(*notices, "notice", "notices");
                write!(f, "{notices} of this incident held back since {since}: {by}.")
            }
            DispatchNote::Endangered { receiver, prefix, incident } => write!(
                f,
                "{receiver} lies in {prefix}, which {incident} is about, and may not be reached: \
                 others are told as well."
            ),
            DispatchNote::Drill => write!(f, "This is a drill: nothing has happened."),
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

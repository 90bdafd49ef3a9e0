use crate::silence::Silence;
use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::Severity;

/// What people have said about an incident. Annotations are no states: an incident opens, changes and
/// ends whatever they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotations {
    /// Somebody works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
    /// Nothing is told of it for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<Silence>,
    /// The maintenance window that expects it, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Somebody has called it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Signed>,
    /// What people have written about it, the oldest first. The latest 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// Somebody works on it: no reminders, no escalation, unless it becomes more serious.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How serious it was then: what is more serious was not acknowledged.
    pub severity: Severity,
}

/// Who said it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What somebody wrote about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What; one line.
    pub text: String,
}

impl Annotations {
    /// Whether nobody has said anything.
    pub fn is_empty(&self) -> bool {
        *self == Annotations::default()
    }

    /// Whether somebody works on it as serious as it is now.
    pub fn is_acknowledged(&self, severity: Severity) -> bool {
        self.acknowledged.as_ref().is_some_and(|acknowledged| severity <= acknowledged.severity)
    }
}

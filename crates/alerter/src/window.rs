use std::fmt;
use std::str::FromStr;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, Severity};

use crate::scope::{is_by, is_inside};
use incidents::Notice;

/// A maintenance window: what is expected in it is held back, and told after it in one summary.
///
/// It is about the incidents that meet all of `prefixes`, `asns` and `kinds`; an empty one is met by
/// every incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// What people call it.
    pub name: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The moment after its last.
    pub until: Timestamp,
    /// Everything that was announced lies inside these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<Prefix>,
    /// Every offender is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asns: Vec<Asn>,
    /// The most serious kind is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<IncidentKind>,
    /// What is so serious is told even so; none: nothing is.
    #[serde(default = "critical")]
    pub pierce: Option<Severity>,
    /// What should have happened when it ends. What has not is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expects: Vec<Expected>,
}

/// How a route of ours should stand at the end of a maintenance window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Expected {
    /// Exactly this prefix.
    pub prefix: Prefix,
    /// By this origin.
    pub origin: Asn,
    /// Held by a vantage point at least, or by none.
    pub stands: Standing,
}

/// Whether a route is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// A vantage point holds it.
    Announced,
    /// None does.
    Withdrawn,
}

/// Which window: calendars have many of the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct WindowKey {
    /// Where it comes from; empty: from a command.
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) from: Timestamp,
}

/// A window that is to come, or open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) source: String,
    pub(crate) window: Window,
}

impl Planned {
    pub(crate) fn key(&self) -> WindowKey {
        let (source, window) = (self.source.clone(), &self.window);
        WindowKey { source, name: window.name.clone(), from: window.from }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the type of the field")]
const fn critical() -> Option<Severity> {
    Some(Severity::Critical)
}

impl Window {
    /// A window about everything, which what is critical pierces.
    pub fn new(name: impl Into<String>, from: Timestamp, until: Timestamp) -> Self {
        Window {
            name: name.into(),
            from,
            until,
            prefixes: Vec::new(),
            asns: Vec::new(),
            kinds: Vec::new(),
            pierce: critical(),
            expects: Vec::new(),
        }
    }

    /// Whether now is within it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it expects this incident: in doubt it does not.
    pub(crate) fn expects_incident(&self, notice: &Notice) -> bool {
        (self.prefixes.is_empty() || is_inside(notice, &self.prefixes))
            && (self.asns.is_empty() || is_by(notice, &self.asns))
            && (self.kinds.is_empty() || self.kinds.contains(&notice.kind))
            && self.pierce.is_none_or(|floor| notice.severity < floor)
    }
}

/// The text is not how an expected route is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseExpectedError {
    /// Its parts are not there.
    #[error("'{0}' is not like announced:198.18.0.0/24:AS64500")]
    Syntax(String),
    /// The prefix is none.
    #[error(transparent)]
    Prefix(#[from] bgp::ParsePrefixError),
    /// The origin is no AS.
    #[error(transparent)]
    Origin(#[from] bgp::ParseAsnError),
}

impl FromStr for Expected {
    type Err = ParseExpectedError;

    /// Reads `announced:198.18.0.0/24:AS64500` and `withdrawn:198.18.0.0/24:AS64500`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let syntax = || ParseExpectedError::Syntax(text.to_owned());
        let (stands, route) = text.split_once(':').ok_or_else(syntax)?;
        // An IPv6 prefix has colons of its own.
        let (prefix, origin) = route.rsplit_once(':').ok_or_else(syntax)?;
        let stands = match stands {
            "announced" => Standing::Announced,
            "withdrawn" => Standing::Withdrawn,
            _ => return Err(syntax()),
        };
        Ok(Expected { prefix: prefix.parse()?, origin: origin.parse()?, stands })
    }
}

impl fmt::Display for Expected {
    /// `198.18.0.0/24 by AS64500 should be announced`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stands = match self.stands {
            Standing::Announced => "announced",
            Standing::Withdrawn => "withdrawn",
        };
        write!(f, "{} by {} should be {stands}", self.prefix, self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expected_route_is_read_in_both_families() {
        let route = |prefix: &str, stands| Expected {
            prefix: prefix.parse().unwrap(),
            origin: Asn::new(64500),
            stands,
        };
        let read = str::parse::<Expected>;
        assert_eq!(
            read("announced:2001:db8::/32:AS64500"),
            Ok(route("2001:db8::/32", Standing::Announced))
        );
        assert_eq!(
            read("withdrawn:198.18.0.0/24:64500"),
            Ok(route("198.18.0.0/24", Standing::Withdrawn))
        );
        for wrong in ["", "announced", "announced:198.18.0.0/24", "gone:198.18.0.0/24:AS64500"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

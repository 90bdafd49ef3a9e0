use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValidationState;

/// What kind of trouble a finding is; the names are those of the notices and of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Exactly a watched prefix, origin not allowed.
    OriginHijack,
    /// More specific than a watched prefix, origin not allowed.
    SubPrefixHijack,
    /// Inside a watch that nobody may announce.
    Squatting,
    /// Less specific, covering a watched prefix, origin not allowed, not a known aggregate.
    SuperPrefix,
    /// Allowed origin, longer than the watch's longest.
    NewMoreSpecific,
    /// Our AS originates something outside every watch.
    OwnAsNewPrefix,
    /// Our own, expected announcement is RPKI-invalid.
    RpkiInvalid,
}

/// How loudly to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// Look at it today.
    Warning,
    /// Wake somebody up.
    Critical,
}

impl Kind {
    /// How loudly, given what RPKI says of the route: a valid route is somebody's right, so the
    /// watch list rather than the origin may be wrong.
    pub const fn severity(self, rov: ValidationState) -> Severity {
        let valid = matches!(rov, ValidationState::Valid);
        match self {
            Kind::OriginHijack | Kind::SubPrefixHijack if valid => Severity::Notice,
            Kind::OriginHijack | Kind::SubPrefixHijack | Kind::Squatting | Kind::RpkiInvalid => {
                Severity::Critical
            }
            Kind::NewMoreSpecific if valid => Severity::Notice,
            Kind::NewMoreSpecific | Kind::OwnAsNewPrefix => Severity::Warning,
            Kind::SuperPrefix => Severity::Notice,
        }
    }

    /// The name as in the config and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::OriginHijack => "origin-hijack",
            Kind::SubPrefixHijack => "sub-prefix-hijack",
            Kind::Squatting => "squatting",
            Kind::SuperPrefix => "super-prefix",
            Kind::NewMoreSpecific => "new-more-specific",
            Kind::OwnAsNewPrefix => "own-as-new-prefix",
            Kind::RpkiInvalid => "rpki-invalid",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        })
    }
}

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValidationState;

/// What kind of trouble a finding is; the names are those of the notices and of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentKind {
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
    /// Our own announcement lost its ROA, or lacks the one that the watch requires.
    RpkiUncovered,
    /// Allowed origin, but the AS next to it is not one of our upstreams: a forged origin, or a
    /// new upstream.
    FirstHop,
    /// The path is one that no route may take: ASPA says so, or OTC (RFC 9234).
    RouteLeak,
    /// Too few of the vantage points that had a route to a prefix of ours still have one.
    VisibilityLoss,
    /// The VRPs of our prefixes or ASes changed.
    RoaChange,
    /// A VRP of ours will expire.
    RoaExpiry,
    /// The VRPs of a trust anchor collapsed in number.
    TaMalfunction,
    /// The RPKI data is older than it should be: verdicts are doubtful.
    RpkiStale,
    /// A feed has brought nothing for longer than its rhythm allows.
    FeedSilent,
    /// A router of ours no longer tells us its routes.
    RouterDown,
    /// Notices do not reach where they should.
    DeliveryFailing,
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

impl IncidentKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [IncidentKind; 18] = [
        IncidentKind::OriginHijack,
        IncidentKind::SubPrefixHijack,
        IncidentKind::Squatting,
        IncidentKind::SuperPrefix,
        IncidentKind::NewMoreSpecific,
        IncidentKind::OwnAsNewPrefix,
        IncidentKind::RpkiInvalid,
        IncidentKind::RpkiUncovered,
        IncidentKind::FirstHop,
        IncidentKind::RouteLeak,
        IncidentKind::VisibilityLoss,
        IncidentKind::RoaChange,
        IncidentKind::RoaExpiry,
        IncidentKind::TaMalfunction,
        IncidentKind::RpkiStale,
        IncidentKind::FeedSilent,
        IncidentKind::RouterDown,
        IncidentKind::DeliveryFailing,
    ];

    /// How loudly, given what RPKI says of the route: a valid route is somebody's right, so the
    /// watch list rather than the origin may be wrong. `grave` is [`Match::grave`](crate::Match).
    pub const fn severity(self, rov: ValidationState, grave: bool) -> Severity {
        let valid = matches!(rov, ValidationState::Valid);
        match self {
            IncidentKind::OriginHijack
            | IncidentKind::SubPrefixHijack
            | IncidentKind::NewMoreSpecific
                if valid =>
            {
                Severity::Notice
            }
            IncidentKind::FirstHop if grave => Severity::Critical,
            IncidentKind::OriginHijack
            | IncidentKind::SubPrefixHijack
            | IncidentKind::Squatting
            | IncidentKind::RpkiInvalid
            | IncidentKind::VisibilityLoss => Severity::Critical,
            IncidentKind::NewMoreSpecific
            | IncidentKind::OwnAsNewPrefix
            | IncidentKind::RpkiUncovered
            | IncidentKind::FirstHop
            | IncidentKind::RouteLeak
            | IncidentKind::RoaExpiry
            | IncidentKind::TaMalfunction
            | IncidentKind::RpkiStale
            | IncidentKind::FeedSilent
            | IncidentKind::RouterDown
            | IncidentKind::DeliveryFailing => Severity::Warning,
            IncidentKind::SuperPrefix | IncidentKind::RoaChange => Severity::Notice,
        }
    }

    /// Whether it happens rather than lasts: told once, and never over.
    pub const fn is_event(self) -> bool {
        matches!(self, IncidentKind::RoaChange)
    }

    /// The name as in the config and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            IncidentKind::OriginHijack => "origin-hijack",
            IncidentKind::SubPrefixHijack => "sub-prefix-hijack",
            IncidentKind::Squatting => "squatting",
            IncidentKind::SuperPrefix => "super-prefix",
            IncidentKind::NewMoreSpecific => "new-more-specific",
            IncidentKind::OwnAsNewPrefix => "own-as-new-prefix",
            IncidentKind::RpkiInvalid => "rpki-invalid",
            IncidentKind::RpkiUncovered => "rpki-uncovered",
            IncidentKind::FirstHop => "first-hop",
            IncidentKind::RouteLeak => "route-leak",
            IncidentKind::VisibilityLoss => "visibility-loss",
            IncidentKind::RoaChange => "roa-change",
            IncidentKind::RoaExpiry => "roa-expiry",
            IncidentKind::TaMalfunction => "ta-malfunction",
            IncidentKind::RpkiStale => "rpki-stale",
            IncidentKind::FeedSilent => "feed-silent",
            IncidentKind::RouterDown => "router-down",
            IncidentKind::DeliveryFailing => "delivery-failing",
        }
    }
}

impl fmt::Display for IncidentKind {
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

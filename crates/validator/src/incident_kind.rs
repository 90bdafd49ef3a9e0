//! The kinds of incident: one table, with a row for each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValidationState;

/// The enum, the list of its variants and the table, out of one list: no variant is without a row.
macro_rules! incident_kinds {
    ($($(#[$doc:meta])* $kind:ident => $spec:expr,)+) => {
        /// What kind of trouble a finding is; the names are those of the notices and of the config.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum IncidentKind {
            $($(#[$doc])* $kind,)+
        }

        impl IncidentKind {
            /// Every kind, in the order of the enum.
            pub const ALL: [IncidentKind; [$(IncidentKind::$kind),+].len()] =
                [$(IncidentKind::$kind),+];

            /// The row of this kind.
            pub const fn spec(self) -> KindSpec {
                match self {
                    $(IncidentKind::$kind => $spec,)+
                }
            }
        }
    };
}

incident_kinds! {
    /// Exactly a watched prefix, origin not allowed.
    OriginHijack => KindSpec {
        name: "origin-hijack",
        area: Area::Hijack,
        severity: Severity::Critical,
        title: "origin hijack",
        meaning: "exactly a watched prefix has an origin that is not allowed",
        advice: None,
        drill: None,
    },
    /// More specific than a watched prefix, origin not allowed.
    SubPrefixHijack => KindSpec {
        name: "sub-prefix-hijack",
        area: Area::Hijack,
        severity: Severity::Critical,
        title: "sub-prefix hijack",
        meaning: "something more specific than a watched prefix has an origin that is not allowed",
        advice: None,
        drill: None,
    },
    /// Inside a watch that nobody may announce.
    Squatting => KindSpec {
        name: "squatting",
        area: Area::Hijack,
        severity: Severity::Critical,
        title: "squatting",
        meaning: "something is announced inside a watch with announced = false",
        advice: None,
        drill: None,
    },
    /// Less specific, covering a watched prefix, origin not allowed, not a known aggregate.
    SuperPrefix => KindSpec {
        name: "super-prefix",
        area: Area::OthersRoutes,
        severity: Severity::Notice,
        title: "super-prefix",
        meaning: "something less specific covers a watched prefix, by an origin that is not allowed \
            and as no known aggregate",
        advice: Some("If this aggregate is rightful, list it under `aggregates` of the watch."),
        drill: None,
    },
    /// Allowed origin, longer than the watch's longest.
    NewMoreSpecific => KindSpec {
        name: "new-more-specific",
        area: Area::OwnRoutes,
        severity: Severity::Warning,
        title: "new more-specific",
        meaning: "an allowed origin announces something longer than max_length",
        advice: Some("If it is meant, raise `max_length` of the watch; else find out who leaks it."),
        drill: None,
    },
    /// Our AS originates something outside every watch.
    OwnAsNewPrefix => KindSpec {
        name: "own-as-new-prefix",
        area: Area::OwnRoutes,
        severity: Severity::Warning,
        title: "new prefix of our own AS",
        meaning: "an AS of ours originates something outside every watch",
        advice: Some("If it is meant, add a watch for it; else withdraw it: it may be a leak of ours."),
        drill: None,
    },
    /// Our own, expected announcement is RPKI-invalid.
    RpkiInvalid => KindSpec {
        name: "rpki-invalid",
        area: Area::OwnRoutesInRpki,
        severity: Severity::Critical,
        title: "RPKI-invalid",
        meaning: "our own, expected announcement is RPKI-invalid",
        advice: None,
        drill: None,
    },
    /// Our own announcement lost its ROA, or lacks the one that the watch requires.
    RpkiUncovered => KindSpec {
        name: "rpki-uncovered",
        area: Area::OwnRoutesInRpki,
        severity: Severity::Warning,
        title: "ROA missing",
        meaning: "our own announcement lost the VRP that covered it, or lacks the one that the watch \
            requires",
        advice: None,
        drill: None,
    },
    /// Allowed origin, but the AS next to it is not one of our upstreams: a forged origin, or a
    /// new upstream.
    FirstHop => KindSpec {
        name: "first-hop",
        area: Area::OthersRoutes,
        severity: Severity::Warning,
        title: "unexpected upstream",
        meaning: "the origin is allowed, but the AS next to it is none of our upstreams",
        advice: Some("If it is an upstream of ours, add it to `upstreams`."),
        drill: None,
    },
    /// The path is one that no route may take: ASPA says so, or OTC (RFC 9234).
    RouteLeak => KindSpec {
        name: "route-leak",
        area: Area::OthersRoutes,
        severity: Severity::Warning,
        title: "route leak",
        meaning: "the path is one that ASPA or OTC (RFC 9234) forbids",
        advice: None,
        drill: None,
    },
    /// Too few of the vantage points that had a route to a prefix of ours still have one.
    VisibilityLoss => KindSpec {
        name: "visibility-loss",
        area: Area::Reachability,
        severity: Severity::Critical,
        title: "visibility loss",
        meaning: "fewer of the vantage points that had a route to a watched prefix still have one than \
            its `visibility` asks for",
        advice: None,
        drill: None,
    },
    /// The VRPs of our prefixes or ASes changed.
    RoaChange => KindSpec {
        name: "roa-change",
        area: Area::RpkiData,
        severity: Severity::Notice,
        title: "ROA change",
        meaning: "the VRPs of our prefixes or ASNs changed",
        advice: None,
        drill: Some("198.18.0.0/21"),
    },
    /// A VRP of ours will expire.
    RoaExpiry => KindSpec {
        name: "roa-expiry",
        area: Area::RpkiData,
        severity: Severity::Warning,
        title: "ROA expiry",
        meaning: "a VRP of ours will expire",
        advice: None,
        drill: Some("198.18.0.0/21"),
    },
    /// The VRPs of a trust anchor collapsed in number.
    TaMalfunction => KindSpec {
        name: "ta-malfunction",
        area: Area::RpkiData,
        severity: Severity::Warning,
        title: "trust anchor malfunction",
        meaning: "the VRPs of a trust anchor collapsed in number",
        advice: None,
        drill: Some("ripe"),
    },
    /// The RPKI data is older than it should be: verdicts are doubtful.
    RpkiStale => KindSpec {
        name: "rpki-stale",
        area: Area::DataSource,
        severity: Severity::Warning,
        title: "RPKI data stale",
        meaning: "the RPKI data is older than [rpki] stale_after",
        advice: Some("Verdicts are the last known ones: look at the validator."),
        drill: Some("rpki"),
    },
    /// A feed has brought nothing for longer than its rhythm allows.
    FeedSilent => KindSpec {
        name: "feed-silent",
        area: Area::DataSource,
        severity: Severity::Warning,
        title: "feed silent",
        meaning: "a feed has brought nothing for silent_after",
        advice: Some("Find out why: what it shows is not monitored until it is back."),
        drill: Some("rrc00"),
    },
    /// A router of ours no longer tells us its routes.
    RouterDown => KindSpec {
        name: "router-down",
        area: Area::DataSource,
        severity: Severity::Warning,
        title: "router down",
        meaning: "a router of ours no longer tells us its routes",
        advice: Some("Find out why: what it shows is not monitored until it is back."),
        drill: Some("edge1"),
    },
    /// Notices do not reach where they should.
    DeliveryFailing => KindSpec {
        name: "delivery-failing",
        area: Area::Delivery,
        severity: Severity::Warning,
        title: "delivery failing",
        meaning: "notices do not reach where they should",
        advice: None,
        drill: Some("noc@example.net"),
    },
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

/// What an incident of a kind is about, and so whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Somebody else originates our space. What one offender does of these kinds is one incident.
    Hijack,
    /// Routes around ours, or to ours by way of somebody who should not stand there.
    OthersRoutes,
    /// Routes that we announce ourselves.
    OwnRoutes,
    /// Routes that we announce ourselves, as the RPKI data judge them.
    OwnRoutesInRpki,
    /// Whether our prefixes can be reached.
    Reachability,
    /// The RPKI data themselves: VRPs and trust anchors.
    RpkiData,
    /// What tells us of routes or of RPKI data.
    DataSource,
    /// Whether people get our notifications.
    Delivery,
}

/// All that is the same of every incident of a kind: its row in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSpec {
    /// The name in the config, in JSON, in metrics and in mail headers.
    pub name: &'static str,
    /// What it is about.
    pub area: Area,
    /// The usual severity; [`IncidentKind::severity`] has the exceptions.
    pub severity: Severity,
    /// The kind in titles and subjects, without an article.
    pub title: &'static str,
    /// When it is found: the end of a sentence that begins with the kind and `fires when`.
    pub meaning: &'static str,
    /// What to do, where that does not depend on the incident: a sentence.
    pub advice: Option<&'static str>,
    /// The subject of a drill, where incidents of this kind are about a subject and not about routes.
    pub drill: Option<&'static str>,
}

impl IncidentKind {
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
            kind => kind.spec().severity,
        }
    }

    /// Whether it happens rather than lasts: told once, and never over.
    pub const fn is_event(self) -> bool {
        matches!(self, IncidentKind::RoaChange)
    }

    /// The name as in the config and in JSON.
    pub const fn name(self) -> &'static str {
        self.spec().name
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_the_table_is_the_one_in_json() {
        for kind in IncidentKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn what_is_about_a_subject_has_one_for_drills() {
        for KindSpec { area, drill, name, .. } in IncidentKind::ALL.map(IncidentKind::spec) {
            let by_subject = matches!(area, Area::RpkiData | Area::DataSource | Area::Delivery);
            assert_eq!(drill.is_some(), by_subject, "{name}");
        }
    }
}

//! What looks wrong already, before anything is watched.

use std::fmt;

use bgp::Prefix;
use validator::{Announcement, Exposure, OriginValidation, ValidationState, Vrp};

use crate::evidence::Visibility;

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issue {
    /// Another AS originates a prefix of ours or a part of one, and is not among the origins of its watch: from
    /// the first minute on it is an incident.
    OtherOrigin {
        /// What it originates.
        route: Announcement,
        /// Who holds it.
        visibility: Visibility,
        /// What RPKI says of it.
        rov: OriginValidation,
    },
    /// Another AS originates it, most hold it, and it is among the origins although nothing says that it may.
    Unconfirmed {
        /// What it originates.
        route: Announcement,
        /// Who holds it.
        visibility: Visibility,
    },
    /// Nothing but a path that few saw says that a prefix is ours: not watched.
    Doubtful {
        /// What is said to be ours.
        route: Announcement,
        /// Who holds it.
        visibility: Visibility,
    },
    /// A less-specific of others around our space is RPKI-invalid: not taken for a known aggregate.
    InvalidAggregate {
        /// The less-specific.
        route: Announcement,
        /// Who holds it.
        visibility: Visibility,
    },
    /// What we announce is RPKI-invalid: many networks drop it.
    Invalid {
        /// What we announce.
        route: Announcement,
        /// The VRPs that make it so.
        rov: OriginValidation,
    },
    /// What we announce has no VRP.
    Uncovered {
        /// What we announce.
        route: Announcement,
    },
    /// A VRP allows more-specifics that nobody announces (RFC 9319).
    Exposed(Exposure),
    /// A VRP of ours, and nobody announces its prefix.
    NotAnnounced(Vrp),
    /// A registry knows it, and nothing else: not watched.
    OnlyRouteObject {
        /// What the registry says.
        route: Announcement,
        /// Which registry.
        source: String,
    },
}

impl Issue {
    /// What it is about.
    pub fn prefix(&self) -> Prefix {
        match self {
            Issue::OtherOrigin { route, .. }
            | Issue::Unconfirmed { route, .. }
            | Issue::Doubtful { route, .. }
            | Issue::InvalidAggregate { route, .. }
            | Issue::Invalid { route, .. }
            | Issue::Uncovered { route }
            | Issue::OnlyRouteObject { route, .. } => route.prefix,
            Issue::Exposed(exposure) => exposure.vrp.prefix(),
            Issue::NotAnnounced(vrp) => vrp.prefix(),
        }
    }

    /// Whether somebody should look at it before the config is used: it may be a hijack, or it decides what
    /// is told as one.
    pub const fn is_urgent(&self) -> bool {
        match self {
            Issue::OtherOrigin { .. }
            | Issue::Unconfirmed { .. }
            | Issue::Doubtful { .. }
            | Issue::InvalidAggregate { .. }
            | Issue::Invalid { .. } => true,
            Issue::Uncovered { .. }
            | Issue::Exposed(_)
            | Issue::NotAnnounced(_)
            | Issue::OnlyRouteObject { .. } => false,
        }
    }

    /// What mends it; `config` is the name of the config file.
    pub fn remedy(&self, config: &str) -> String {
        match self {
            Issue::OtherOrigin { route: Announcement { prefix, origin }, .. } => format!(
                "if it may, add {} to `origins` of {prefix}; if not, it is a hijack",
                origin.number()
            ),
            Issue::Unconfirmed { route: Announcement { prefix, origin }, .. } => {
                format!("if it may not, take {} out of `origins` of {prefix}", origin.number())
            }
            Issue::Doubtful { route, .. } => {
                format!("if it is yours, add a [[watch]] for {}", route.prefix)
            }
            Issue::InvalidAggregate { route, .. } => {
                format!(
                    "if it is right, add \"{}\" to `aggregates` of what lies inside",
                    route.prefix
                )
            }
            Issue::Invalid { .. } | Issue::Uncovered { .. } => {
                format!("create the ROA; `originwatch roas -c {config}` lists all that are missing")
            }
            Issue::Exposed(_) => format!(
                "a shorter maxLength; `originwatch whatif -c {config} --change SLURM` tries it first"
            ),
            Issue::NotAnnounced(_) => {
                "remove the ROA, or keep it if the prefix is held in reserve".to_owned()
            }
            Issue::OnlyRouteObject { .. } => {
                "remove the object, or add a [[watch]] if it is yours".to_owned()
            }
        }
    }
}

impl fmt::Display for Issue {
    /// What is wrong, without the prefix in front where a watch of it stands beside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Issue::OtherOrigin { route: Announcement { prefix, origin }, visibility, rov } => {
                write!(f, "{prefix} is originated by {origin} at {visibility}, {}", state(rov))
            }
            Issue::Unconfirmed { route: Announcement { prefix, origin }, visibility } => write!(
                f,
                "{prefix} is originated by {origin} at {visibility}, and no VRP or route object says that it may"
            ),
            Issue::Doubtful { route: Announcement { prefix, origin }, visibility } => write!(
                f,
                "{prefix} is seen with your {origin} as origin at {visibility} only, and nothing else says that it is yours"
            ),
            Issue::InvalidAggregate { route: Announcement { prefix, origin }, visibility } => {
                write!(
                    f,
                    "{prefix} around your space is originated by {origin} at {visibility}, RPKI-invalid"
                )
            }
            Issue::Invalid { route: Announcement { prefix, origin }, rov } => {
                write!(f, "{prefix} by {origin} is {}", state(rov))
            }
            Issue::Uncovered { route: Announcement { prefix, origin } } => {
                write!(f, "{prefix} by {origin} has no ROA")
            }
            Issue::Exposed(Exposure { vrp, example, .. }) => write!(
                f,
                "maxLength of the ROA {vrp} allows {example}, which nobody announces: whoever forges your AS can"
            ),
            Issue::NotAnnounced(vrp) => {
                write!(f, "the ROA {vrp} is there, but nobody announces {}", vrp.prefix())
            }
            Issue::OnlyRouteObject { route: Announcement { prefix, origin }, source } => {
                let source = if source.is_empty() { "a registry" } else { source };
                write!(
                    f,
                    "{source} has a route object {prefix} {origin}, and nothing else knows it"
                )
            }
        }
    }
}

/// `RPKI-invalid (wrong AS) by VRP 198.18.0.0/21-24 AS64500`.
fn state(rov: &OriginValidation) -> String {
    if rov.unknown {
        return "RPKI state unknown".to_owned();
    }
    let state = match rov.state() {
        ValidationState::Valid => "RPKI-valid",
        ValidationState::NotFound => "no ROA covers it",
        ValidationState::Invalid => "RPKI-invalid",
    };
    let first = rov.unmatched_as.iter().chain(&rov.unmatched_length).next();
    match first.filter(|_| rov.state() == ValidationState::Invalid) {
        Some(vrp) => format!("{state} by VRP {vrp}"),
        None => state.to_owned(),
    }
}

use std::fmt;

use bgp::{Asn, Prefix};
use incidents::{IncidentId, Notice};
use serde::{Deserialize, Serialize};
use validator::IncidentKind;

/// What a mute is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Incidents that touch nothing but this prefix and what is inside.
    Prefix(Prefix),
    /// Incidents by this AS alone.
    Asn(Asn),
    /// Incidents whose most serious kind this is.
    Kind(IncidentKind),
    /// One incident.
    Incident(IncidentId),
}

impl Scope {
    /// Whether the incident lies in it. In doubt it does not: what is not muted is told.
    pub(crate) fn holds(&self, notice: &Notice) -> bool {
        match self {
            Scope::Prefix(prefix) => is_inside(notice, &[*prefix]),
            Scope::Asn(asn) => is_by(notice, &[*asn]),
            Scope::Kind(kind) => notice.kind == *kind,
            Scope::Incident(incident) => notice.incident == *incident,
        }
    }
}

/// Whether everything that was announced lies inside these prefixes. Unknown of an incident that
/// has more prefixes than a notice lists.
pub(crate) fn is_inside(notice: &Notice, prefixes: &[Prefix]) -> bool {
    let all = notice.prefixes.len() == notice.prefix_count && notice.prefix_count > 0;
    let inside = |announced: &Prefix| prefixes.iter().any(|prefix| prefix.covers(announced));
    all && notice.prefixes.iter().all(|affected| inside(&affected.announced))
}

/// Whether it is by these ASes and nobody else.
pub(crate) fn is_by(notice: &Notice, asns: &[Asn]) -> bool {
    let offenders = &notice.offenders;
    !offenders.is_empty() && offenders.iter().all(|party| asns.contains(&party.asn))
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Prefix(prefix) => prefix.fmt(f),
            Scope::Asn(asn) => asn.fmt(f),
            Scope::Kind(kind) => kind.fmt(f),
            Scope::Incident(incident) => incident.fmt(f),
        }
    }
}

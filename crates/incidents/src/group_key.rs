//! What makes two routes one incident: the same class of trouble by the same offender.

use std::sync::Arc;

use bgp::{Asn, Prefix, RouteOrigin};
use serde::{Deserialize, Serialize};
use validator::{Area, Held, IncidentKind, Match, Origins, Watch};

use crate::route_entry::{RouteKey, VantageId};

/// The kinds that are told as one incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// Somebody else originates our space: exactly, inside, or where nobody may.
    Hijack,
    /// Every other kind is an incident of its own.
    Other(IncidentKind),
}

impl Class {
    pub(crate) const fn of(kind: IncidentKind) -> Self {
        match kind.spec().area {
            Area::Hijack => Class::Hijack,
            Area::OthersRoutes
            | Area::OwnRoutes
            | Area::OwnRoutesInRpki
            | Area::Reachability
            | Area::RpkiData
            | Area::DataSource
            | Area::Delivery => Class::Other(kind),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Class::Hijack => "hijack",
            Class::Other(kind) => kind.name(),
        }
    }
}

/// What an incident is about. Sorted, so that everything that walks over incidents does so in
/// the same order each time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct GroupKey {
    pub(crate) class: Class,
    /// Sorted, each once. Several only where an AS_SET hides who it was; none of a condition.
    pub(crate) offenders: Box<[Asn]>,
    /// Of what; empty where there are offenders.
    pub(crate) subject: Box<str>,
}

impl GroupKey {
    /// What these ASes do.
    pub(crate) fn of(class: Class, offenders: impl Into<Box<[Asn]>>) -> Self {
        GroupKey { class, offenders: offenders.into(), subject: "".into() }
    }

    /// Something other than a route.
    pub(crate) fn condition(kind: IncidentKind, subject: &str) -> Self {
        GroupKey { class: Class::Other(kind), offenders: Box::default(), subject: subject.into() }
    }
}

/// What an incident is made of: one announced prefix and the watch that it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PartKey {
    /// None outside every watch.
    pub(crate) watched: Option<Prefix>,
    pub(crate) announced: Prefix,
}

impl PartKey {
    /// What of ours is touched: the watched prefix, or outside every watch the announced one.
    pub(crate) fn ours(&self) -> Prefix {
        self.watched.unwrap_or(self.announced)
    }

    /// Where the route of this holder stands.
    pub(crate) fn row(&self, (vantage, path_id): (VantageId, u32)) -> RouteKey {
        RouteKey { vantage, prefix: self.announced, path_id }
    }
}

/// One rule broken by one route.
pub(crate) struct Breach {
    pub(crate) group_key: GroupKey,
    pub(crate) part: PartKey,
    pub(crate) kind: IncidentKind,
    pub(crate) grave: bool,
    pub(crate) watch: Option<Arc<Watch>>,
}

/// Every rule that a route breaks, at most one per watch.
pub(crate) fn breaches(announced: Prefix, held: &Held, vantage: Asn) -> Vec<Breach> {
    let breach = |m: &Match| {
        let kind = m.kind?;
        let at_fault = match m.culprit {
            Some(culprit) => [culprit].into(),
            None => offenders(&held.origin, m.watch.as_deref(), vantage),
        };
        Some(Breach {
            group_key: GroupKey::of(Class::of(kind), at_fault),
            part: PartKey { watched: m.watch.as_ref().map(|watch| watch.prefix), announced },
            kind,
            grave: m.grave,
            watch: m.watch.clone(),
        })
    };
    held.matches.iter().filter_map(breach).collect()
}

/// Of an AS_SET the members that the watch does not allow: an honest member beside them is the
/// victim, not the offender. Where nobody is left, all of them; where there is no AS at all, the
/// vantage AS that gave us the route.
fn offenders(origin: &RouteOrigin, watch: Option<&Watch>, vantage: Asn) -> Box<[Asn]> {
    let members = origin.members();
    let allowed = |asn: &Asn| match watch.map(|watch| &watch.origins) {
        Some(Origins::Only(allowed)) => allowed.contains(asn),
        Some(Origins::Any) | None => false,
    };
    let foreign: Box<[Asn]> = members.iter().copied().filter(|asn| !allowed(asn)).collect();
    match (foreign.is_empty(), members.is_empty()) {
        (false, _) => foreign,
        (true, false) => members.into(),
        (true, true) => [vantage].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_honest_member_of_a_set_is_not_an_offender() {
        let watch =
            Watch::new("145.220.8.0/21".parse().unwrap(), Origins::Only(vec![Asn::new(1103)]), 21);
        let set = RouteOrigin::Set([1103, 64670].map(Asn::new).into());
        let of = |origin, watch| offenders(origin, watch, Asn::new(9)).into_vec();
        assert_eq!(of(&set, Some(&watch)), [Asn::new(64670)]);
        assert_eq!(of(&set, None), [Asn::new(1103), Asn::new(64670)]);
        let own = RouteOrigin::As(Asn::new(1103));
        assert_eq!(of(&own, Some(&watch)), [Asn::new(1103)]);
        assert_eq!(of(&RouteOrigin::None, Some(&watch)), [Asn::new(9)]);
    }
}

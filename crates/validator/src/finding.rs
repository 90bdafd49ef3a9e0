use std::sync::Arc;

use bgp::{Asn, Family, Prefix, Route, RouteOrigin, Timestamp, Vantage};
use serde::{Deserialize, Serialize};

use crate::{IncidentKind, OriginValidation, Severity, ValidationState, Watch};

/// An observation that matters: it touches watched space, or it helps to size an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// A route in or around watched space came or went.
    Route(RouteFinding),
    /// A session came up, or told of anything for the first time.
    SessionUp {
        /// By the clock of the collector or router.
        at: Timestamp,
        /// The vantage point whose session it is.
        vantage: Vantage,
    },
    /// A session went down: every route of this vantage point is gone.
    SessionDown {
        /// By the clock of the collector or router.
        at: Timestamp,
        /// The vantage point whose session it is.
        vantage: Vantage,
    },
    /// Nobody told for a while what this vantage point does: what it holds may be gone since. Its
    /// routes stay, unconfirmed, until it tells of them again.
    #[serde(rename = "gap")]
    Stale {
        /// When the gap began.
        at: Timestamp,
        /// The vantage point that nobody told of.
        vantage: Vantage,
    },
    /// A vantage point has told its whole table since the gap: what it did not tell of again is
    /// gone.
    #[serde(rename = "settled")]
    EndOfRib {
        /// When End-of-RIB was received.
        at: Timestamp,
        /// The vantage point whose table it was.
        vantage: Vantage,
        /// Of which table (End-of-RIB, RFC 4724 section 2, is said for each); none: of all.
        family: Option<Family>,
    },
    /// Somebody originates the space of somebody else, as RPKI knows it (invalid, reason `as`), or as it was
    /// seen before where RPKI data say too little: not our trouble, but it tells whether an offender aims at us
    /// or hits everybody.
    #[serde(rename = "elsewhere")]
    OffenderActivity {
        /// By the clock of the collector or router.
        at: Timestamp,
        /// What was announced.
        prefix: Prefix,
        /// The Route Origin ASN (RFC 6811 section 2).
        origin: Asn,
        /// Whose it is: the ASes of the covering VRPs, AS 0 left out, or who originated it until then.
        holders: Vec<Asn>,
    },
    /// Something other than a route: a feed, a router, a delivery, the RPKI data.
    Condition {
        /// When it began, changed or ended.
        at: Timestamp,
        /// What is the matter.
        kind: IncidentKind,
        /// Of what, by a name that stays the same (a feed, a router, a trust anchor).
        subject: String,
        /// What a person should know, a sentence each.
        details: Vec<String>,
        /// False: it is over.
        active: bool,
    },
}

/// Something other than a route that is so, or is not: an incident of its own while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What is the matter.
    pub kind: IncidentKind,
    /// Of what, by a name that stays the same (a feed, a router, a trust anchor).
    pub subject: String,
    /// What a person should know, a sentence each.
    pub details: Vec<String>,
    /// False: it is over.
    pub active: bool,
}

/// A route in or around watched space, at one vantage point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteFinding {
    /// When the collector or router saw it.
    pub at: Timestamp,
    /// The vantage point that holds the route, or did.
    pub vantage: Vantage,
    /// What was announced or withdrawn.
    pub prefix: Prefix,
    /// As in [`bgp::Event::Route`].
    pub path_id: u32,
    /// What stands there now.
    #[serde(rename = "sight")]
    pub state: RouteState,
}

/// What stands at a vantage point after an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteState {
    /// This route, in place of the one before.
    Held(Held),
    /// This route, as a table says that is older than what is told: nobody confirms that it is still
    /// there, and it stands back behind all that was told.
    #[serde(rename = "recalled")]
    Restored(Held),
    /// Another route in place of the one before, but it could not be read: the one before is stale.
    Unreadable,
    /// Nothing any more.
    Withdrawn,
}

/// A route with its verdict and what the watch list says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The attributes that the verdict is about.
    pub route: Arc<Route>,
    /// Its Route Origin ASN, as [`Route::origin`] has it.
    pub origin: RouteOrigin,
    /// What RPKI says of it.
    pub rov: OriginValidation,
    /// At most one per watch. Empty where nothing of ours is touched any more: a prefix that our
    /// AS announced outside every watch is now somebody else's.
    pub matches: Vec<Match>,
}

/// The watch that a route touches, and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The watch; none for a prefix outside every watch that our own AS originates.
    pub watch: Option<Arc<Watch>>,
    /// What is wrong; none if the route is as it should be.
    pub kind: Option<IncidentKind>,
    /// Who is at fault, where that is not the origin.
    pub culprit: Option<Asn>,
    /// The AS next to us, of a route of an allowed origin whose watch does not say who may stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_hop: Option<Asn>,
    /// Worse than its kind usually is: a strange first hop in front of a more-specific, or one
    /// that ASPA calls invalid.
    pub grave: bool,
}

impl Finding {
    /// When it was seen.
    pub const fn at(&self) -> Timestamp {
        match self {
            Finding::Route(RouteFinding { at, .. })
            | Finding::SessionUp { at, .. }
            | Finding::SessionDown { at, .. }
            | Finding::Stale { at, .. }
            | Finding::EndOfRib { at, .. }
            | Finding::OffenderActivity { at, .. }
            | Finding::Condition { at, .. } => *at,
        }
    }

    /// The same, seen at another time.
    #[must_use]
    pub fn seen_at(mut self, time: Timestamp) -> Self {
        match &mut self {
            Finding::Route(RouteFinding { at, .. })
            | Finding::SessionUp { at, .. }
            | Finding::SessionDown { at, .. }
            | Finding::Stale { at, .. }
            | Finding::EndOfRib { at, .. }
            | Finding::OffenderActivity { at, .. }
            | Finding::Condition { at, .. } => *at = time,
        }
        self
    }

    /// The same, of a table that is older than what is told.
    #[must_use]
    pub fn restored(self) -> Self {
        let Finding::Route(mut route) = self else { return self };
        route.mark_stale();
        Finding::Route(route)
    }
}

impl RouteFinding {
    /// What stands here may be another route now.
    pub fn mark_stale(&mut self) {
        self.state = match std::mem::replace(&mut self.state, RouteState::Unreadable) {
            RouteState::Held(held) => RouteState::Restored(held),
            state @ (RouteState::Restored(_) | RouteState::Unreadable | RouteState::Withdrawn) => {
                state
            }
        };
    }
}

impl Match {
    /// A match with nothing more to say than what is wrong, if anything.
    pub const fn new(watch: Option<Arc<Watch>>, kind: Option<IncidentKind>) -> Self {
        Match { watch, kind, culprit: None, first_hop: None, grave: false }
    }

    /// How loudly to tell it; none if nothing is wrong.
    pub fn severity(&self, rov: ValidationState) -> Option<Severity> {
        self.kind.map(|kind| kind.severity(rov, self.grave))
    }
}

impl Held {
    /// The loudest severity of what is wrong; none if nothing is.
    pub fn severity(&self) -> Option<Severity> {
        let rov = self.rov.state();
        self.matches.iter().filter_map(|m| m.severity(rov)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_json_stay_as_they_were_written() {
        let vantage = Vantage {
            collector: "rrc00".into(),
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            asn: Asn::new(64500),
            view: bgp::View::AdjRibInPre,
            vrf: None,
        };
        let at = Timestamp::from_seconds(0);
        let name = |finding: &Finding| {
            let json = serde_json::to_value(finding).unwrap();
            json.as_object().unwrap().keys().next().unwrap().clone()
        };
        let stale = Finding::Stale { at, vantage: vantage.clone() };
        let end_of_rib = Finding::EndOfRib { at, vantage, family: None };
        assert_eq!((name(&stale), name(&end_of_rib)), ("gap".into(), "settled".into()));
    }
}

use std::sync::Arc;

use crate::{Prefix, Route, RouteOrigin, Timestamp, Vantage};

/// One vantage point announced or withdrew one prefix at one time, or its session changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When the collector or router saw it.
    pub at: Timestamp,
    /// Where it was seen.
    pub vantage: Vantage,
    /// What was seen.
    pub event: Event,
}

/// What an observation tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The route of one prefix changed.
    Route {
        /// The prefix.
        prefix: Prefix,
        /// The path identifier where the session uses ADD-PATH (RFC 7911): several routes of one
        /// prefix stand side by side. Zero where it does not.
        path_id: u32,
        /// To what.
        change: Change,
    },
    /// The session was established.
    SessionUp,
    /// The session went down: every route of this vantage point is gone.
    SessionDown,
}

/// What became of one prefix at one vantage point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A route, in place of the one before (an implicit withdrawal, RFC 4271 section 3.1).
    /// Shared: one UPDATE gives the same attributes to many prefixes.
    Announce(Arc<Route>),
    /// No route any more.
    Withdraw,
}

impl Observation {
    /// The Route Origin ASN of what is announced (RFC 6811 section 2), with the vantage AS as the
    /// speaker where the path is empty. None of a withdrawal or session change.
    pub fn origin(&self) -> Option<RouteOrigin> {
        match &self.event {
            Event::Route { change: Change::Announce(route), .. } => {
                Some(route.path.origin(Some(self.vantage.asn)))
            }
            _ => None,
        }
    }
}

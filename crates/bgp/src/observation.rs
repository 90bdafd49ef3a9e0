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
        /// What was announced or withdrawn (NLRI).
        prefix: Prefix,
        /// The path identifier where the session uses ADD-PATH (RFC 7911): several routes of one
        /// prefix stand side by side. Zero where it does not.
        path_id: u32,
        /// What the vantage point holds there from now on.
        change: Change,
    },
    /// A message came whose prefixes cannot be read: any route of this vantage point may be another
    /// now, or gone.
    Unreadable,
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
    /// A route in place of the one before, but it cannot be read: the one before is stale. It is
    /// no withdrawal, so that nobody ends an incident by damaging an attribute.
    Unreadable,
    /// No route any more.
    Withdraw,
}

impl Observation {
    /// The Route Origin ASN of what is announced, as [`Route::origin`] has it. None of a withdrawal,
    /// of what cannot be read, of a session change.
    pub fn origin(&self) -> Option<RouteOrigin> {
        match &self.event {
            Event::Route { change: Change::Announce(route), .. } => {
                Some(route.origin(self.vantage.asn))
            }
            Event::Route { change: Change::Withdraw | Change::Unreadable, .. }
            | Event::Unreadable
            | Event::SessionUp
            | Event::SessionDown => None,
        }
    }
}

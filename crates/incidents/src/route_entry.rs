//! One current route and where it stands: what a RIB entry is to a router.

use bgp::{Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{Held, Match};

/// A vantage point that has said something. Numbered by first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct VantageId(u32);

/// Where a route stands: the path identifier keeps ADD-PATH routes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RouteKey {
    pub(crate) vantage: VantageId,
    pub(crate) prefix: Prefix,
    pub(crate) path_id: u32,
}

/// A current route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RouteEntry {
    pub(crate) held: Held,
    /// When it was announced.
    pub(crate) at: Timestamp,
    /// Since when nobody can say whether it is still there.
    #[serde(rename = "doubted", default, skip_serializing_if = "Option::is_none")]
    pub(crate) stale_since: Option<Timestamp>,
}

impl VantageId {
    /// The number of the vantage point that was first seen as this one, counted from zero.
    pub(crate) fn at(index: usize) -> Self {
        // More than four billion vantage points would have filled the memory long before.
        VantageId(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The place in the order of first sight.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl RouteEntry {
    /// Whether this is a watched prefix itself, announced as it should be.
    pub(crate) fn is_own(&self, prefix: Prefix) -> bool {
        let own = |m: &Match| {
            m.kind.is_none() && m.watch.as_ref().is_some_and(|watch| watch.prefix == prefix)
        };
        self.held.matches.iter().any(own)
    }
}

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Asn, Distinguisher};

/// A vantage point: one BGP session whose routes we are told of, and which of its tables.
///
/// Two sessions of one AS are two vantage points, but one vantage AS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vantage {
    /// Who tells us: a collector (`rrc21`), or a router of our own. Empty where the source does
    /// not say (an MRT file does not name its collector). Shared, since it repeats in every route.
    pub collector: Arc<str>,
    /// The address of the collector's peer.
    pub address: IpAddr,
    /// The AS of the collector's peer.
    pub asn: Asn,
    /// Which table of that session.
    pub view: View,
    /// In which VRF of a router; none of the global table, and of a collector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf: Option<Distinguisher>,
}

/// Which table of a session a route stands in (RFC 7854, 8671, 9069).
///
/// A collector's MRT dump and RIS Live show what the collector was sent: pre-policy Adj-RIB-In.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Adj-RIB-In before import policy.
    #[default]
    AdjRibInPre,
    /// Adj-RIB-In after import policy.
    AdjRibInPost,
    /// Adj-RIB-Out before export policy (RFC 8671).
    AdjRibOutPre,
    /// Adj-RIB-Out after export policy (RFC 8671).
    AdjRibOutPost,
    /// Loc-RIB (RFC 9069).
    LocRib,
}

impl fmt::Display for Vantage {
    /// `rrc21 195.66.226.38 AS24482`, with table and VRF where they are not the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.collector.is_empty() {
            write!(f, "{} ", self.collector)?;
        }
        write!(f, "{} {}", self.address, self.asn)?;
        if self.view != View::AdjRibInPre {
            write!(f, " {}", self.view)?;
        }
        match self.vrf {
            None => Ok(()),
            Some(vrf) => write!(f, " vrf {vrf}"),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            View::AdjRibInPre => "adj-rib-in-pre",
            View::AdjRibInPost => "adj-rib-in-post",
            View::AdjRibOutPre => "adj-rib-out-pre",
            View::AdjRibOutPost => "adj-rib-out-post",
            View::LocRib => "loc-rib",
        })
    }
}

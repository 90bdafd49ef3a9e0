use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{AsPath, Asn, RouteOrigin};

/// The attributes of an announced route that a verdict, an incident or a person asks for.
///
/// What the wire did not carry is absent, never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// AS_PATH, merged with AS4_PATH where the session had two-octet numbers (RFC 6793).
    pub path: AsPath,
    /// NEXT_HOP, or the first next hop of MP_REACH_NLRI.
    pub next_hop: Option<IpAddr>,
    /// COMMUNITIES (RFC 1997), in the order of the wire.
    pub communities: Box<[Community]>,
    /// LARGE_COMMUNITY (RFC 8092), in the order of the wire.
    pub large_communities: Box<[LargeCommunity]>,
    /// Only to Customer (RFC 9234 section 5).
    pub only_to_customer: Option<Asn>,
    /// The AS that originates the route where the path names none and it is not the vantage AS: that
    /// of the router that tells it, of a path of its confederation alone (RFC 6811 section 2, RFC 5065).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_asn: Option<Asn>,
}

impl Route {
    /// The Route Origin ASN (RFC 6811 section 2). Of a path that names none it is that of the
    /// speaker: `local_asn`, or else the AS of the vantage point, unless that is 0 because nobody knows.
    pub fn origin(&self, vantage: Asn) -> RouteOrigin {
        let vantage = (vantage != Asn::ZERO).then_some(vantage);
        self.path.origin(self.local_asn.or(vantage))
    }
}

/// A community (RFC 1997), shown as `64500:666`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Community(pub u32);

/// A large community (RFC 8092), shown as `64500:1:2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LargeCommunity(pub [u32; 3]);

impl Community {
    /// BLACKHOLE (RFC 7999): whoever takes the route drops the traffic.
    pub const BLACKHOLE: Community = Community(0xffff_029a);
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0 >> 16, self.0 & 0xffff)
    }
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [global, first, second] = self.0;
        write!(f, "{global}:{first}:{second}")
    }
}

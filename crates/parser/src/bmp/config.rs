use bgp::{Asn, Distinguisher};

/// What the operator says of a router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Its name; where it is empty, the router's sysName is taken.
    pub router: String,
    /// Its AS, where it tells of routes of its own before it tells of any session (FRR does); None to
    /// learn it from its sessions or its Loc-RIB.
    pub asn: Option<Asn>,
    /// Whether its own AS stands in front of the paths that it received.
    pub own_as_in_path: Setting,
    /// Whether its routes have path identifiers.
    pub add_path: Setting,
    /// The VRFs whose tables hold routes of the Internet. Others are passed over: the same prefix
    /// means something else there.
    pub vrfs: Vec<Distinguisher>,
    /// The same by the name of the table, where a Peer Up tells it (RFC 9069 section 5.2.1).
    pub vrf_names: Vec<String>,
}

/// What to do where routers differ from the RFCs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Setting {
    /// Find out, and act where it is certain.
    #[default]
    Auto,
    /// Always, whatever the messages say.
    On,
    /// Never, whatever the messages say.
    Off,
}

use bgp::{Asn, Prefix, RouteOrigin};
use serde::{Deserialize, Serialize};

/// One `[[watch]]`: a prefix of ours and what may be announced of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The prefix as it is, or should be, in the routing table.
    pub prefix: Prefix,
    /// Who may originate it.
    pub origins: Origins,
    /// The longest more-specific that we announce ourselves.
    pub max_length: u8,
    /// What it is for; empty if not said.
    pub description: String,
    /// False: nobody may announce it.
    pub announced: bool,
    /// Less-specifics that others rightly announce.
    pub aggregates: Vec<Prefix>,
    /// Who may stand next to the origin on a path; none: anybody.
    pub upstreams: Option<Vec<Asn>>,
    /// A missing ROA is a fault, not only a lost one.
    pub roa_required: bool,
    /// How many per cent of the vantage points that had a route to the prefix must still have one;
    /// zero: none need to.
    #[serde(default = "half")]
    pub visibility: u8,
    /// How many distinct vantage ASes must hold a breach at the same time before it is an
    /// incident; none leaves it to `[incident]`.
    pub min_vantage_ases: Option<u32>,
}

/// Who may originate a watched prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origins {
    /// Anybody: only more-specifics or paths matter.
    Any,
    /// One of these ASes.
    Only(Vec<Asn>),
}

impl Watch {
    /// A watch that says no more than it must: announced, no longer than the prefix itself.
    pub const fn new(prefix: Prefix, origins: Origins, max_length: u8) -> Self {
        Watch {
            prefix,
            origins,
            max_length,
            description: String::new(),
            announced: true,
            aggregates: Vec::new(),
            upstreams: None,
            roa_required: false,
            visibility: half(),
            min_vantage_ases: None,
        }
    }
}

/// More than half of those that had it have lost it: nobody does that by the way.
const fn half() -> u8 {
    50
}

impl Origins {
    /// Whether a route with this origin is as it should be. Of an AS_SET every member must be
    /// allowed; NONE never is. AS_TRANS is where it may stand for an AS that is: a neighbour of two-octet
    /// numbers must not make a hijack of our own route.
    pub fn allow(&self, origin: &RouteOrigin) -> bool {
        match self {
            Origins::Any => true,
            Origins::Only(allowed) => {
                let members = origin.members();
                (!members.is_empty() && members.iter().all(|asn| allowed.contains(asn)))
                    || allowed.iter().any(|asn| origin.may_hide(*asn))
            }
        }
    }
}

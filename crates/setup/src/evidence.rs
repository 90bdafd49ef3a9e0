//! Why an AS may originate a prefix.

use std::fmt;

use bgp::Asn;
use validator::Vrp;

/// One reason why an AS is among the origins of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A VRP allows it.
    Vrp(Vrp),
    /// Vantage points hold it.
    Seen(Visibility),
    /// It has the prefix from us: our AS stands next to it on the paths.
    BehindUs(u64),
    /// RIPEstat lists it.
    Announced,
    /// A registry has a route object of it; which one.
    RouteObject(String),
    /// The space is ours, so we may announce it.
    Ours(Asn),
    /// Nothing says that it may, but most vantage points hold it and nothing says that it may not.
    Unconfirmed,
}

/// How many vantage points hold a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visibility {
    /// So many hold it.
    pub holding: usize,
    /// So many hold a whole table.
    pub total: usize,
}

impl Visibility {
    /// Whether at least half of them hold it.
    pub const fn is_wide(self) -> bool {
        self.total > 0 && self.holding * 2 >= self.total
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} vantage points", self.holding, self.total)
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Vrp(vrp) if vrp.max_length() == vrp.prefix().length() => {
                write!(f, "VRP {}", vrp.prefix())
            }
            Evidence::Vrp(vrp) => write!(f, "VRP {}-{}", vrp.prefix(), vrp.max_length()),
            Evidence::Seen(visibility) => write!(f, "seen at {visibility}"),
            Evidence::BehindUs(holding) => write!(f, "behind you at {holding}"),
            Evidence::Announced => f.write_str("listed as announced"),
            Evidence::RouteObject(source) if source.is_empty() => f.write_str("route object"),
            Evidence::RouteObject(source) => write!(f, "route object in {source}"),
            Evidence::Ours(_) => f.write_str("the space is yours"),
            Evidence::Unconfirmed => f.write_str("CONFIRM: no VRP or route object says so"),
        }
    }
}

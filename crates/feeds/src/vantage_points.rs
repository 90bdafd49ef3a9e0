use std::collections::HashSet;
use std::net::IpAddr;

use bgp::Vantage;

use crate::recent::{Recent, halves, mix};

/// Vantage points that one session or one recording is known to have: all of RIPE RIS has some thousands.
const MOST: usize = 1 << 14;

/// The vantage points that have told of anything, be it ours or not: of so many a holder is one.
#[derive(Clone, Debug)]
pub(crate) struct VantagePoints {
    recent: Recent,
    known: HashSet<u64>,
}

impl VantagePoints {
    pub(crate) fn new() -> Self {
        VantagePoints { recent: Recent::new(), known: HashSet::new() }
    }

    /// Whether it is heard for the first time. Asked of every element: mostly it is one of those that were
    /// heard last.
    pub(crate) fn is_new(&mut self, vantage: &Vantage) -> bool {
        let hash = hash(vantage);
        self.recent.is_new(hash) && self.known.len() < MOST && self.known.insert(hash)
    }
}

fn hash(vantage: &Vantage) -> u64 {
    let address = match vantage.address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let word = |octets: &[u8]| octets.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    let collector = vantage.collector.as_bytes().chunks(8).map(word);
    mix(halves(address).into_iter().chain([u64::from(vantage.asn.number())]).chain(collector))
}

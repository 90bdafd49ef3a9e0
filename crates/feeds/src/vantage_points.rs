use std::collections::HashSet;
use std::hash::BuildHasher as _;

use bgp::Vantage;
use foldhash::fast::RandomState;

/// Vantage points that one session or one recording is known to have: all of RIPE RIS has some thousands.
const MOST: usize = 1 << 14;
/// Those that were heard last, each at one place: a power of two.
const PLACES: usize = 1 << 12;

/// The vantage points that have told of anything, be it ours or not: of so many a holder is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct VantagePoints {
    hasher: RandomState,
    /// Their hashes.
    known: HashSet<u64>,
    lately: Vec<u64>,
}

impl VantagePoints {
    /// Whether it is heard for the first time. Asked of every element: mostly it is one of those that were
    /// heard last.
    pub(crate) fn is_new(&mut self, vantage: &Vantage) -> bool {
        let Vantage { collector, address, asn, view: _, vrf: _ } = vantage;
        let hash = self.hasher.hash_one((address, asn, collector));
        if self.lately.is_empty() {
            self.lately.resize(PLACES, 0);
        }
        let place = usize::try_from(hash >> 52).unwrap_or_default() % PLACES;
        let was = self.lately.get_mut(place).map(|place| std::mem::replace(place, hash));
        was != Some(hash) && self.known.len() < MOST && self.known.insert(hash)
    }
}

//! What came last, so that what comes again and again is looked up no more than once.

/// Places in the table: a power of two, a quarter of a megabyte, which stays in a cache of its core.
const PLACES: usize = 1 << 15;

/// The hashes that came last, each at one place.
#[derive(Clone, Debug)]
pub(crate) struct Recent(Vec<u64>);

impl Recent {
    pub(crate) const fn new() -> Self {
        Recent(Vec::new())
    }

    /// Whether it did not come lately; from now on it did.
    pub(crate) fn is_new(&mut self, hash: u64) -> bool {
        self.0.resize(PLACES, 0);
        // The upper bits are the best mixed.
        let place = usize::try_from(hash >> 48).unwrap_or_default() % PLACES;
        let place = self.0.get_mut(place);
        place.is_some_and(|place| std::mem::replace(place, hash) != hash)
    }
}

/// The upper and the lower half.
pub(crate) fn halves(bits: u128) -> [u64; 2] {
    [bits >> 64, bits & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or_default())
}

/// Quick rather than good.
pub(crate) fn mix(words: impl IntoIterator<Item = u64>) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed =
        words.into_iter().fold(ODD, |hash, word| (hash ^ word).wrapping_mul(ODD).rotate_left(29));
    mixed.wrapping_mul(ODD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_lately_is_not_new() {
        let mut recent = Recent::new();
        for n in 0..100 {
            assert!(recent.is_new(mix([n, 7])));
            assert!(!recent.is_new(mix([n, 7])));
        }
        assert!((0..2 * PLACES as u64).filter(|n| recent.is_new(mix([*n, 8]))).count() > PLACES);
    }
}

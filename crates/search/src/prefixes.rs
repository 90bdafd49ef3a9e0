use bgp::{Family, Prefix};
use parser::Filter;

/// Which prefixes are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrefixSet {
    v4: Side<u32>,
    v6: Side<u128>,
}

/// How a prefix that is looked for and a route's may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// More specific ones count.
    pub(crate) covered: bool,
    /// Less specific ones count.
    pub(crate) covering: bool,
}

/// The prefixes of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Side<K> {
    reach: Reach,
    all: Vec<(K, u8)>,
    /// By the first octets of a route's prefix: whether any of these may match it. With many
    /// prefixes, nearly every route ends here.
    hints: Vec<u64>,
}

/// Up to so many, going through all of them is as fast.
const FEW: usize = 4;

/// Bits that the hints look at.
const HINT: u32 = 16;

impl PrefixSet {
    pub(crate) fn new(prefixes: &[Prefix], reach: Reach) -> Self {
        let of = |family| prefixes.iter().filter(move |prefix| prefix.family() == family);
        let v4 = of(Family::Ipv4).map(|prefix| (top(prefix), prefix.length()));
        let v6 = of(Family::Ipv6).map(|prefix| (prefix.bits(), prefix.length()));
        PrefixSet { v4: Side::new(v4.collect(), reach), v6: Side::new(v6.collect(), reach) }
    }
}

impl Filter for PrefixSet {
    fn wants(&self, prefix: Prefix) -> bool {
        match prefix.family() {
            Family::Ipv4 => self.wants_v4(top(&prefix), prefix.length()),
            Family::Ipv6 => self.wants_v6(prefix.bits(), prefix.length()),
        }
    }

    #[inline]
    fn wants_v4(&self, bits: u32, length: u8) -> bool {
        self.v4.wants(bits, length)
    }

    #[inline]
    fn wants_v6(&self, bits: u128, length: u8) -> bool {
        self.v6.wants(bits, length)
    }
}

/// The bits of an IPv4 prefix: those of a prefix begin at the top.
fn top(prefix: &Prefix) -> u32 {
    u32::try_from(prefix.bits() >> 96).unwrap_or(0)
}

/// The bits of an address.
trait Bits: Copy + Eq + std::ops::BitXor<Output = Self> {
    /// The first sixteen.
    fn first(self) -> usize;
    /// How many in front are zero.
    fn zeros(self) -> u32;
}

impl Bits for u32 {
    fn first(self) -> usize {
        (self >> 16) as usize
    }

    fn zeros(self) -> u32 {
        self.leading_zeros()
    }
}

impl Bits for u128 {
    fn first(self) -> usize {
        (self >> 112) as usize
    }

    fn zeros(self) -> u32 {
        self.leading_zeros()
    }
}

impl<K: Bits> Side<K> {
    fn new(all: Vec<(K, u8)>, reach: Reach) -> Self {
        let mut side = Side { reach, all, hints: Vec::new() };
        if side.all.len() > FEW {
            side.hints = vec![0; 1 << (HINT - 6)];
            for (bits, length) in side.all.clone() {
                let longest = length.min(16);
                let shortest = if reach.covering { 0 } else { longest };
                for length in shortest..=longest {
                    side.hint(bits.first() & !low(length));
                }
                if reach.covered {
                    let first = bits.first() & !low(longest);
                    (first..=first | low(longest)).for_each(|place| side.hint(place));
                }
            }
        }
        side
    }

    fn hint(&mut self, place: usize) {
        self.hints[place / 64] |= 1 << (place % 64);
    }

    #[inline]
    fn wants(&self, bits: K, length: u8) -> bool {
        if !self.hints.is_empty() {
            let place = bits.first();
            if self.hints[place / 64] >> (place % 64) & 1 == 0 {
                return false;
            }
        }
        self.all.iter().any(|(wanted, of)| {
            let same = (bits ^ *wanted).zeros();
            let Reach { covered, covering } = self.reach;
            (length == *of && same >= u32::from(length))
                || (covered && length > *of && same >= u32::from(*of))
                || (covering && length < *of && same >= u32::from(length))
        })
    }
}

/// The bits of the first sixteen that are behind this length.
const fn low(length: u8) -> usize {
    (1 << (HINT - length as u32)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Prefixes that are often related.
    fn prefix() -> impl Strategy<Value = Prefix> {
        let v4 = (any::<u8>(), 0..4_u32, 0..=32_u8).prop_map(|(low, high, length)| {
            let bits = high << 30 | u32::from(low) << 12 | u32::from(low);
            Prefix::from_bits(Family::Ipv4, u128::from(bits) << 96, length)
        });
        let v6 = (0..4_u128, 0..=128_u8)
            .prop_map(|(high, length)| Prefix::from_bits(Family::Ipv6, high << 110 | 7, length));
        prop_oneof![v4, v6]
    }

    proptest! {
        #[test]
        fn a_set_wants_what_any_of_its_prefixes_wants(
            wanted in proptest::collection::vec(prefix(), 1..12),
            routes in proptest::collection::vec(prefix(), 1..50),
            covered: bool,
            covering: bool,
        ) {
            let set = PrefixSet::new(&wanted, Reach { covered, covering });
            for route in routes {
                let naive = wanted.iter().any(|wanted| {
                    *wanted == route
                        || (covered && wanted.covers(&route))
                        || (covering && route.covers(wanted))
                });
                prop_assert_eq!(set.wants(route), naive, "{}", route);
            }
        }
    }
}

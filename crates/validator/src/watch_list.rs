use std::sync::Arc;

use bgp::{Asn, Family, Prefix};

use crate::interval_table::{Address, IntervalTable};
use crate::{Announcement, Origins, Watch};

/// All watches, immutable, ready to be asked about every route on the Internet.
#[derive(Clone, Debug)]
pub struct WatchList {
    /// In the order of their prefixes: what covers a watch stands before it.
    watches: Box<[Arc<Watch>]>,
    /// How many of them are IPv4.
    ipv4: usize,
    v4: IntervalTable<u32>,
    v6: IntervalTable<u128>,
    near: Near,
    operator_asns: Box<[Asn]>,
}

/// Watches that cannot stand together, or one that cannot stand at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchConflict {
    /// Two say something of the same prefix, so that none of them decides.
    #[error("{prefix} is watched twice")]
    Duplicate {
        /// The prefix that has two watches.
        prefix: Prefix,
    },
    /// Every route is inside the default route: all of the Internet would be ours.
    #[error("{prefix} is everything and cannot be watched")]
    Everything {
        /// The default route.
        prefix: Prefix,
    },
    /// `max_length` is shorter than the prefix or longer than an address.
    #[error("watch {prefix}: max_length {max_length} is not between {} and {}", .prefix.length(), .prefix.family().max_length())]
    MaxLength {
        /// The prefix of the watch.
        prefix: Prefix,
        /// What it says.
        max_length: u8,
    },
    /// What is said to be an aggregate does not cover the watch.
    #[error("watch {prefix}: aggregate {aggregate} does not cover it")]
    NotAnAggregate {
        /// The prefix of the watch.
        prefix: Prefix,
        /// What it names.
        aggregate: Prefix,
    },
    /// One watch lets others announce what another watch keeps for us. The other one would
    /// decide, and this one's word would never be asked for.
    #[error("watch {prefix} lets others announce {aggregate}, which watch {other} keeps")]
    AggregateIsWatched {
        /// The watch that names the aggregate.
        prefix: Prefix,
        /// What the watch lists under `aggregates`.
        aggregate: Prefix,
        /// The watch that covers it.
        other: Prefix,
    },
    /// Nobody may announce it, and yet more-specifics are allowed.
    #[error("watch {prefix} is not announced, but has max_length {max_length}")]
    NotAnnounced {
        /// The prefix of the watch.
        prefix: Prefix,
        /// What it says.
        max_length: u8,
    },
}

impl WatchList {
    /// Checks each watch and all of them against each other.
    pub fn new(
        watches: impl IntoIterator<Item = Watch>,
        operator_asns: impl IntoIterator<Item = Asn>,
    ) -> Result<Self, WatchConflict> {
        let mut watches: Vec<Arc<Watch>> = watches.into_iter().map(Arc::new).collect();
        watches.sort_by_key(|watch| watch.prefix);
        for watch in &watches {
            check(watch)?;
        }
        if let Some(pair) = watches.windows(2).find(|pair| pair[0].prefix == pair[1].prefix) {
            return Err(WatchConflict::Duplicate { prefix: pair[0].prefix });
        }
        let mut operator_asns: Vec<Asn> = operator_asns.into_iter().collect();
        operator_asns.sort_unstable();
        operator_asns.dedup();
        let list = WatchList::of_sorted(watches, operator_asns);
        list.check_aggregates()?;
        Ok(list)
    }

    fn of_sorted(watches: Vec<Arc<Watch>>, operator_asns: Vec<Asn>) -> Self {
        let ipv4 = watches.partition_point(|watch| watch.prefix.family() == Family::Ipv4);
        let (first, second) = watches.split_at(ipv4);
        WatchList {
            v4: IntervalTable::new(first.iter().map(|watch| u32::range(&watch.prefix))),
            v6: IntervalTable::new(second.iter().map(|watch| u128::range(&watch.prefix))),
            near: Near::new(&watches),
            ipv4,
            watches: watches.into(),
            operator_asns: operator_asns.into(),
        }
    }

    fn check_aggregates(&self) -> Result<(), WatchConflict> {
        for watch in self.iter() {
            for aggregate in &watch.aggregates {
                // Where anybody may announce the space around, there is nothing to contradict.
                let keeps = |other: &&Arc<Watch>| !other.announced || other.origins != Origins::Any;
                if let Some(other) = self.covering(*aggregate).filter(keeps) {
                    let (prefix, other) = (watch.prefix, other.prefix);
                    let aggregate = *aggregate;
                    return Err(WatchConflict::AggregateIsWatched { prefix, aggregate, other });
                }
            }
        }
        Ok(())
    }

    /// The most specific watch that covers the prefix: the one that decides.
    pub fn covering(&self, prefix: Prefix) -> Option<&Arc<Watch>> {
        let item = match prefix.family() {
            Family::Ipv4 => self.v4.covering(u32::range(&prefix)).next()?.1.start,
            Family::Ipv6 => self.v6.covering(u128::range(&prefix)).next()?.1.start + self.ipv4,
        };
        self.watches.get(item)
    }

    /// The watches strictly more specific than the prefix, in order.
    pub fn inside(&self, prefix: Prefix) -> &[Arc<Watch>] {
        let range = match prefix.family() {
            Family::Ipv4 => self.v4.inside(u32::range(&prefix)),
            Family::Ipv6 => {
                let range = self.v6.inside(u128::range(&prefix));
                range.start + self.ipv4..range.end + self.ipv4
            }
        };
        match self.watches.get(range).unwrap_or_default() {
            [first, rest @ ..] if first.prefix == prefix => rest,
            inside => inside,
        }
    }

    /// Whether the prefix is in or around watched space: covered by a watch, or covering one. A
    /// default route never is.
    ///
    /// Asked of every route on the Internet; a few nanoseconds for those far from every watch.
    pub fn touches(&self, prefix: Prefix) -> bool {
        self.touches_bits(prefix.family(), prefix.bits(), prefix.length())
    }

    /// The same, for a decoder that has no [`Prefix`] yet: bits and length as
    /// [`Prefix::from_bits`] takes them.
    pub fn touches_bits(&self, family: Family, bits: u128, length: u8) -> bool {
        self.near.may_touch(family, bits, length)
            && self.touches_exactly(Prefix::from_bits(family, bits, length))
    }

    fn touches_exactly(&self, prefix: Prefix) -> bool {
        prefix.length() > 0 && (self.covering(prefix).is_some() || !self.inside(prefix).is_empty())
    }

    /// Whether whatever is in or around the other list's watched space is so here too, and whoever is an
    /// operator there is one here: who has asked for what this list needs then knows all that the other
    /// one needs.
    pub fn covers(&self, other: &WatchList) -> bool {
        // What is around a watch that is covered here is inside or around what covers it.
        other.iter().all(|watch| self.covering(watch.prefix).is_some())
            && other.operator_asns.iter().all(|asn| self.is_operator(*asn))
    }

    /// Whether the AS is one of `operator.asns`.
    pub fn is_operator(&self, asn: Asn) -> bool {
        self.operator_asns.binary_search(&asn).is_ok()
    }

    /// `operator.asns`, sorted.
    pub fn operator_asns(&self) -> &[Asn] {
        &self.operator_asns
    }

    /// What we announce by the word of the watches alone: each prefix by each of its origins.
    /// Empty for `origins = "any"` and for what is not announced.
    pub fn announcements(&self) -> Vec<Announcement> {
        let origins = |watch: &Watch| match &watch.origins {
            Origins::Only(asns) if watch.announced => asns.clone(),
            Origins::Only(_) | Origins::Any => Vec::new(),
        };
        let of = |watch: &Arc<Watch>| {
            let prefix = watch.prefix;
            origins(watch).into_iter().map(move |origin| Announcement { prefix, origin })
        };
        self.iter().flat_map(of).collect()
    }

    /// Every watch, in the order of the prefixes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Watch>> + '_ {
        self.watches.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.watches.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }
}

impl Default for WatchList {
    /// Nothing is watched.
    fn default() -> Self {
        WatchList::of_sorted(Vec::new(), Vec::new())
    }
}

impl WatchConflict {
    /// The watch to look at, for the place in the config.
    pub fn prefix(&self) -> Prefix {
        match self {
            WatchConflict::Duplicate { prefix }
            | WatchConflict::Everything { prefix }
            | WatchConflict::MaxLength { prefix, .. }
            | WatchConflict::NotAnAggregate { prefix, .. }
            | WatchConflict::AggregateIsWatched { prefix, .. }
            | WatchConflict::NotAnnounced { prefix, .. } => *prefix,
        }
    }
}

fn check(watch: &Watch) -> Result<(), WatchConflict> {
    let Watch { prefix, max_length, .. } = *watch;
    if prefix.length() == 0 {
        return Err(WatchConflict::Everything { prefix });
    }
    if !(prefix.length()..=prefix.family().max_length()).contains(&max_length) {
        return Err(WatchConflict::MaxLength { prefix, max_length });
    }
    if !watch.announced && max_length > prefix.length() {
        return Err(WatchConflict::NotAnnounced { prefix, max_length });
    }
    let wrong = |aggregate: &&Prefix| **aggregate == prefix || !aggregate.covers(&prefix);
    match watch.aggregates.iter().find(wrong) {
        Some(aggregate) => Err(WatchConflict::NotAnAggregate { prefix, aggregate: *aggregate }),
        None => Ok(()),
    }
}

/// A bit for each /16 (IPv4) and each hashed /32 (IPv6) that watched space lies in: 16 kilobytes
/// that answer for nearly all of the Internet.
#[derive(Clone, Debug)]
struct Near {
    v4: Box<[u64]>,
    v6: Box<[u64]>,
}

impl Near {
    /// How long a prefix must be for its bit to say anything.
    const V4_LENGTH: u8 = 16;
    const V6_LENGTH: u8 = 32;
    /// A shorter IPv6 watch has too many bits to be worth setting one by one.
    const V6_SHORTEST: u8 = 20;

    fn new(watches: &[Arc<Watch>]) -> Self {
        let empty = || vec![0u64; 1 << 10].into_boxed_slice();
        let mut near = Near { v4: empty(), v6: empty() };
        for Watch { prefix, .. } in watches.iter().map(|watch| &**watch) {
            let start = prefix.bits();
            match prefix.family() {
                Family::Ipv4 => {
                    let last = u32::from_bits(start).last(prefix.length()) >> 16;
                    (v4_bit(start)..=last as usize).for_each(|bit| set(&mut near.v4, bit));
                }
                Family::Ipv6 if prefix.length() < Self::V6_SHORTEST => near.v6.fill(u64::MAX),
                Family::Ipv6 => {
                    let blocks = 1u128 << Self::V6_LENGTH.saturating_sub(prefix.length());
                    let bits = (0..blocks).map(|block| v6_bit(start + (block << 96)));
                    bits.for_each(|bit| set(&mut near.v6, bit));
                }
            }
        }
        near
    }

    /// False: the prefix surely touches no watch.
    #[inline]
    fn may_touch(&self, family: Family, bits: u128, length: u8) -> bool {
        match family {
            Family::Ipv4 => length < Self::V4_LENGTH || is_set(&self.v4, v4_bit(bits)),
            Family::Ipv6 => length < Self::V6_LENGTH || is_set(&self.v6, v6_bit(bits)),
        }
    }
}

fn v4_bit(bits: u128) -> usize {
    (bits >> 112) as usize
}

/// The first /32, spread over 2^16 (Knuth's multiplicative hash): the high bits of IPv6 addresses
/// are the same everywhere.
fn v6_bit(bits: u128) -> usize {
    let block = ((bits >> 96) as u32).wrapping_mul(0x9e37_79b1);
    (block >> 16) as usize
}

fn set(bitmap: &mut [u64], bit: usize) {
    if let Some(word) = bitmap.get_mut(bit / 64) {
        *word |= 1 << (bit % 64);
    }
}

fn is_set(bitmap: &[u64], bit: usize) -> bool {
    bitmap.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

#[cfg(test)]
mod tests;

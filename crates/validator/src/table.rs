use std::collections::BTreeSet;

use std::ops::Range;

use bgp::{Asn, Family, Prefix, RouteOrigin, Timestamp};

use crate::interval_table::{Address, IntervalTable};
use crate::{OriginValidation, ValidationState, Vrp};

/// The VRPs of one moment, immutable, ready for origin validation (RFC 6811).
///
/// Duplicates (several ROAs that say the same) are kept once, with the latest expiry. About 35
/// bytes a VRP.
#[derive(Clone, Debug)]
pub struct VrpTable {
    v4: Side<u32>,
    v6: Side<u128>,
}

/// Where in a table the route stood that was asked for last; see [`VrpTable::state_near`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Near {
    v4: u32,
    v6: u32,
}

/// The VRPs of one family.
#[derive(Clone, Debug)]
struct Side<K> {
    family: Family,
    intervals: IntervalTable<K>,
    items: Box<[Item]>,
}

/// A VRP without its address, which its node in the interval table has.
#[derive(Clone, Copy, Debug)]
struct Item {
    asn: Asn,
    expires: u32,
    length: u8,
    max_length: u8,
}

/// A VRP on its way into the table; ordered as in the table, the latest expiry last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row<K> {
    start: K,
    length: u8,
    max_length: u8,
    asn: Asn,
    expires: u32,
}

/// The expiry of a VRP whose source does not tell one. Four octets of seconds last until 2106.
const NEVER: u32 = u32::MAX;

impl VrpTable {
    /// A table of these.
    pub fn new(vrps: impl IntoIterator<Item = Vrp>) -> Self {
        Self::with_expiry(vrps.into_iter().map(|vrp| (vrp, None)))
    }

    /// A table of these, each with the time at which it ends, where the source says so.
    pub fn with_expiry(vrps: impl IntoIterator<Item = (Vrp, Option<Timestamp>)>) -> Self {
        let mut rows = VrpTableBuilder::default();
        for (vrp, expires) in vrps {
            rows.push(vrp, expires);
        }
        rows.build()
    }

    /// What origin validation says of a route, with all the VRPs that decide it, the most
    /// specific first (RFC 6811 section 2).
    ///
    /// A route whose origin is NONE (AS_SET) or AS 0 is matched by nothing (RFC 6811 section 2,
    /// RFC 6483 section 4, RFC 7607): covered, it is invalid.
    pub fn validate(&self, prefix: Prefix, origin: &RouteOrigin) -> OriginValidation {
        let asn = matchable(origin);
        match prefix.family() {
            Family::Ipv4 => self.v4.validate(prefix, asn),
            Family::Ipv6 => self.v6.validate(prefix, asn),
        }
    }

    /// The state alone; allocates nothing.
    pub fn state(&self, prefix: Prefix, origin: &RouteOrigin) -> ValidationState {
        let asn = matchable(origin);
        match prefix.family() {
            Family::Ipv4 => self.v4.state(prefix, asn),
            Family::Ipv6 => self.v6.state(prefix, asn),
        }
    }

    /// The same, a third faster where routes are asked for in the order of a RIB, and with any of them
    /// right.
    #[inline]
    pub fn state_near(
        &self,
        prefix: Prefix,
        origin: &RouteOrigin,
        near: &mut Near,
    ) -> ValidationState {
        let asn = matchable(origin);
        match prefix.family() {
            Family::Ipv4 => self.v4.state_near(prefix, asn, &mut near.v4),
            Family::Ipv6 => self.v6.state_near(prefix, asn, &mut near.v6),
        }
    }

    /// The VRPs whose prefix covers this one (RFC 6811 section 2), the most specific first.
    pub fn covering(&self, prefix: Prefix) -> impl Iterator<Item = Vrp> + '_ {
        let v4 = (prefix.family() == Family::Ipv4).then(|| self.v4.covering(prefix));
        let v6 = (prefix.family() == Family::Ipv6).then(|| self.v6.covering(prefix));
        v4.into_iter().flatten().chain(v6.into_iter().flatten())
    }

    /// The VRPs whose prefix lies inside this one or equals it, in order.
    pub fn covered_by(&self, prefix: Prefix) -> impl Iterator<Item = Vrp> + '_ {
        let v4 = (prefix.family() == Family::Ipv4).then(|| self.v4.covered_by(prefix));
        let v6 = (prefix.family() == Family::Ipv6).then(|| self.v6.covered_by(prefix));
        v4.into_iter().flatten().chain(v6.into_iter().flatten())
    }

    /// Whether exactly this VRP is in the table.
    pub fn contains(&self, vrp: &Vrp) -> bool {
        self.covering(vrp.prefix()).any(|other| other == *vrp)
    }

    /// Whether at least so many different ASes have a VRP.
    pub fn has_asns(&self, least: usize) -> bool {
        let mut asns = BTreeSet::new();
        self.iter().any(|vrp| {
            asns.insert(vrp.asn());
            asns.len() >= least
        })
    }

    /// How many VRPs there are, each counted once.
    pub fn len(&self) -> usize {
        self.v4.items.len() + self.v6.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every VRP, ordered by family, prefix, max length, AS.
    pub fn iter(&self) -> impl Iterator<Item = Vrp> + '_ {
        self.iter_expiry().map(|(vrp, _)| vrp)
    }

    /// Every VRP with the time at which it ends, where the source says so; in the same order.
    pub fn iter_expiry(&self) -> impl Iterator<Item = (Vrp, Option<Timestamp>)> + '_ {
        self.v4.iter().chain(self.v6.iter())
    }

    /// How many bytes it holds on the heap.
    pub fn heap_bytes(&self) -> usize {
        let items = size_of_val(&*self.v4.items) + size_of_val(&*self.v6.items);
        items + self.v4.intervals.heap_bytes() + self.v6.intervals.heap_bytes()
    }
}

impl Default for VrpTable {
    fn default() -> Self {
        Self::new([])
    }
}

impl PartialEq for VrpTable {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter_expiry().eq(other.iter_expiry())
    }
}

impl Eq for VrpTable {}

impl FromIterator<Vrp> for VrpTable {
    fn from_iter<I: IntoIterator<Item = Vrp>>(vrps: I) -> Self {
        Self::new(vrps)
    }
}

/// The AS that a VRP must allow to match; none if no VRP can.
fn matchable(origin: &RouteOrigin) -> Option<Asn> {
    origin.asn().filter(|asn| *asn != Asn::ZERO)
}

impl<K: Address> Side<K> {
    fn new(family: Family, mut rows: Vec<Row<K>>) -> Self {
        rows.sort_unstable();
        // Of duplicates the last has the latest expiry.
        rows.dedup_by(|later, kept| {
            let same = (later.start, later.length, later.max_length, later.asn)
                == (kept.start, kept.length, kept.max_length, kept.asn);
            if same {
                kept.expires = later.expires;
            }
            same
        });
        let intervals =
            IntervalTable::new(rows.iter().map(|row| (row.start, row.start.last(row.length))));
        let item = |row: &Row<K>| Item {
            asn: row.asn,
            expires: row.expires,
            length: row.length,
            max_length: row.max_length,
        };
        Side { family, intervals, items: rows.iter().map(item).collect() }
    }

    fn state(&self, prefix: Prefix, asn: Option<Asn>) -> ValidationState {
        self.state_by(prefix, asn, self.intervals.covering(K::range(&prefix)))
    }

    fn state_near(&self, prefix: Prefix, asn: Option<Asn>, near: &mut u32) -> ValidationState {
        self.state_by(prefix, asn, self.intervals.covering_near(K::range(&prefix), near))
    }

    #[inline]
    fn state_by(
        &self,
        prefix: Prefix,
        asn: Option<Asn>,
        covering: impl Iterator<Item = (K, Range<usize>)>,
    ) -> ValidationState {
        let mut state = ValidationState::NotFound;
        for (_, range) in covering {
            for item in &self.items[range] {
                if Some(item.asn) == asn && prefix.length() <= item.max_length {
                    return ValidationState::Valid;
                }
            }
            state = ValidationState::Invalid;
        }
        state
    }

    fn validate(&self, prefix: Prefix, asn: Option<Asn>) -> OriginValidation {
        let mut verdict = OriginValidation::default();
        for (start, range) in self.intervals.covering(K::range(&prefix)) {
            for item in &self.items[range] {
                let list = if Some(item.asn) != asn {
                    &mut verdict.unmatched_as
                } else if prefix.length() > item.max_length {
                    &mut verdict.unmatched_length
                } else {
                    &mut verdict.matched
                };
                list.push(self.vrp(start, item));
            }
        }
        verdict
    }

    fn covering(&self, prefix: Prefix) -> impl Iterator<Item = Vrp> + '_ {
        let nodes = self.intervals.covering(K::range(&prefix));
        nodes.flat_map(move |(start, range)| {
            self.items[range].iter().map(move |item| self.vrp(start, item))
        })
    }

    fn covered_by(&self, prefix: Prefix) -> impl Iterator<Item = Vrp> + '_ {
        let range = self.intervals.inside(K::range(&prefix));
        self.intervals.nodes_of(range).flat_map(move |(start, range)| {
            self.items[range].iter().map(move |item| self.vrp(start, item))
        })
    }

    fn iter(&self) -> impl Iterator<Item = (Vrp, Option<Timestamp>)> + '_ {
        self.intervals.nodes_of(0..self.items.len()).flat_map(move |(start, range)| {
            self.items[range].iter().map(move |item| (self.vrp(start, item), item.expires()))
        })
    }

    fn vrp(&self, start: K, item: &Item) -> Vrp {
        let prefix = Prefix::from_bits(self.family, start.bits(), item.length);
        Vrp { prefix, max_length: item.max_length, asn: item.asn }
    }
}

impl Item {
    fn expires(self) -> Option<Timestamp> {
        (self.expires != NEVER).then(|| Timestamp::from_seconds(self.expires.into()))
    }
}

/// VRPs on their way into a table: half the size of what they are made of.
#[derive(Debug, Default)]
pub struct VrpTableBuilder {
    v4: Vec<Row<u32>>,
    v6: Vec<Row<u128>>,
}

impl VrpTableBuilder {
    /// Takes one, with the time at which it ends.
    pub fn push(&mut self, vrp: Vrp, expires: Option<Timestamp>) {
        match vrp.prefix().family() {
            Family::Ipv4 => self.v4.push(Row::new(vrp, expires)),
            Family::Ipv6 => self.v6.push(Row::new(vrp, expires)),
        }
    }

    /// How many there are, duplicates too.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts them into order.
    pub fn build(self) -> VrpTable {
        VrpTable { v4: Side::new(Family::Ipv4, self.v4), v6: Side::new(Family::Ipv6, self.v6) }
    }
}

impl<K: Address> Row<K> {
    fn new(vrp: Vrp, expires: Option<Timestamp>) -> Self {
        let seconds = |at: Timestamp| u32::try_from(at.seconds().max(0)).unwrap_or(NEVER);
        Row {
            start: K::from_bits(vrp.prefix().bits()),
            length: vrp.prefix().length(),
            max_length: vrp.max_length(),
            asn: vrp.asn(),
            expires: expires.map_or(NEVER, seconds),
        }
    }
}

#[cfg(test)]
mod tests;

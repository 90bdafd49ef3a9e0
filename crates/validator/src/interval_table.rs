use std::ops::Range;

use bgp::Prefix;

/// The prefixes of one family as sorted intervals that lie side by side or inside each other, never
/// across: what covers a prefix is found by one short binary search and a walk up the parents.
///
/// A trie answers the same in a dozen dependent cache misses; here there are about three.
#[derive(Clone, Debug)]
pub(crate) struct IntervalTable<K> {
    /// How many nodes start before each bucket; one more at the end. The buckets reach from the
    /// first node's start to the last's, since all IPv6 in use is in a small part of IPv6.
    index: Box<[u32]>,
    /// The first node's start.
    base: K,
    /// How far right the distance from there is shifted to become a bucket.
    shift: u32,
    nodes: Box<[Node<K>]>,
    /// How many items the nodes have together.
    items: u32,
}

/// One prefix, in the order of [`Prefix`]: what covers it stands before it.
#[derive(Clone, Copy, Debug)]
struct Node<K> {
    start: K,
    end: K,
    /// The longest prefix that covers this one and is not this one.
    parent: u32,
    /// The first of its items; the next node's first ends them.
    first: u32,
}

/// The parent of a node that nothing covers.
const NOBODY: u32 = u32::MAX;

/// How many nodes are looked at before a search begins: two lines of the cache.
const NEAR: usize = 8;

/// An address of one family, as a number.
pub(crate) trait Address: Copy + Ord {
    /// The upper end of 128 bits, as [`Prefix::bits`] gives it.
    fn from_bits(bits: u128) -> Self;

    /// Back to where [`Prefix::bits`] has it.
    fn bits(self) -> u128;

    /// How far it is from `base`, in steps of 2^`shift`; 0 if it is before.
    fn steps(self, base: Self, shift: u32) -> usize;

    /// How many bits the distance from `base` has.
    fn distance_bits(self, base: Self) -> u32;

    /// The last address with the same leading `length` bits.
    fn last(self, length: u8) -> Self;

    /// The first and the last address of a prefix.
    fn range(prefix: &Prefix) -> (Self, Self) {
        let start = Self::from_bits(prefix.bits());
        (start, start.last(prefix.length()))
    }
}

impl Address for u32 {
    fn from_bits(bits: u128) -> Self {
        (bits >> 96) as u32
    }
    fn bits(self) -> u128 {
        u128::from(self) << 96
    }
    fn steps(self, base: Self, shift: u32) -> usize {
        (self.saturating_sub(base) >> shift) as usize
    }
    fn distance_bits(self, base: Self) -> u32 {
        Self::BITS - self.saturating_sub(base).leading_zeros()
    }
    fn last(self, length: u8) -> Self {
        self | u32::MAX.checked_shr(length.into()).unwrap_or(0)
    }
}

impl Address for u128 {
    fn from_bits(bits: u128) -> Self {
        bits
    }
    fn bits(self) -> u128 {
        self
    }
    fn steps(self, base: Self, shift: u32) -> usize {
        usize::try_from(self.saturating_sub(base) >> shift).unwrap_or(usize::MAX)
    }
    fn distance_bits(self, base: Self) -> u32 {
        Self::BITS - self.saturating_sub(base).leading_zeros()
    }
    fn last(self, length: u8) -> Self {
        self | u128::MAX.checked_shr(length.into()).unwrap_or(0)
    }
}

impl<K: Address> IntervalTable<K> {
    /// Of the prefixes of items, in the order of [`Prefix`]; equal ones share a node.
    pub(crate) fn new(sorted: impl ExactSizeIterator<Item = (K, K)>) -> Self {
        let mut nodes: Vec<Node<K>> = Vec::new();
        let mut items = 0;
        for (start, end) in sorted {
            let first = items;
            items += 1;
            let mut parent = index_of_last(&nodes);
            if let Some(node) = nodes.get(parent as usize)
                && (node.start, node.end) == (start, end)
            {
                continue;
            }
            while let Some(node) = nodes.get(parent as usize)
                && node.end < end
            {
                parent = node.parent;
            }
            nodes.push(Node { start, end, parent, first });
        }
        // As many buckets as nodes, so that most searches are over a handful; at most 2^18, a
        // megabyte, since a larger index falls out of the cache that it is there to spare.
        let width = (nodes.len().max(1).ilog2() + 1).min(18);
        let start = |node: Option<&Node<K>>| node.map_or(K::from_bits(0), |node| node.start);
        let base = start(nodes.first());
        let shift = start(nodes.last()).distance_bits(base).saturating_sub(width);
        let mut index = vec![0; (1 << width) + 1];
        for node in &nodes {
            index[node.start.steps(base, shift) + 1] += 1;
        }
        for bucket in 1..index.len() {
            index[bucket] += index[bucket - 1];
        }
        IntervalTable { index: index.into(), base, shift, nodes: nodes.into(), items }
    }

    /// The items of every prefix that covers the interval, longest prefix first, with the
    /// prefix's start.
    pub(crate) fn covering(
        &self,
        (start, end): (K, K),
    ) -> impl Iterator<Item = (K, Range<usize>)> + '_ {
        self.upward(self.floor(start, end), end)
    }

    /// The same, looked for at first where the last one was found.
    #[inline]
    pub(crate) fn covering_near(
        &self,
        (start, end): (K, K),
        near: &mut u32,
    ) -> impl Iterator<Item = (K, Range<usize>)> + '_ {
        *near = self.floor_near(start, end, *near).unwrap_or_else(|| self.floor(start, end));
        self.upward(*near, end)
    }

    /// Of a floor and what covers it, what reaches the interval's end. Whatever covers the interval is
    /// among them; the first that reaches the end covers it, and so does all above.
    #[inline]
    fn upward(&self, floor: u32, end: K) -> impl Iterator<Item = (K, Range<usize>)> + '_ {
        let mut at = floor;
        while let Some(node) = self.nodes.get(at as usize)
            && node.end < end
        {
            at = node.parent;
        }
        std::iter::from_fn(move || {
            let node = self.nodes.get(at as usize)?;
            let items = self.items_of(at as usize);
            at = node.parent;
            Some((node.start, items))
        })
    }

    /// The items of all prefixes inside the interval, an equal one too.
    pub(crate) fn inside(&self, (start, end): (K, K)) -> Range<usize> {
        let from = self.nodes.partition_point(|node| before(node, start, end));
        let until = self.nodes.partition_point(|node| node.start <= end);
        let first = |at: usize| self.nodes.get(at).map_or(self.items, |node| node.first) as usize;
        first(from)..first(until)
    }

    /// The nodes whose items lie in the range, in order, each with its start.
    pub(crate) fn nodes_of(
        &self,
        items: Range<usize>,
    ) -> impl Iterator<Item = (K, Range<usize>)> + '_ {
        let from = self.nodes.partition_point(|node| (node.first as usize) < items.start);
        let until = self.nodes.partition_point(|node| (node.first as usize) < items.end);
        (from..until).map(|at| (self.nodes[at].start, self.items_of(at)))
    }

    /// The last node that is not behind the interval in the order of [`Prefix`].
    fn floor(&self, start: K, end: K) -> u32 {
        // What lies behind the last bucket lies behind everything in it too.
        let bucket = start.steps(self.base, self.shift).min(self.index.len() - 2);
        let (from, until) = (self.index[bucket], self.index[bucket + 1]);
        let nodes = &self.nodes[from as usize..until as usize];
        let within = nodes.partition_point(|node| !behind(node, start, end));
        from.wrapping_add(u32::try_from(within).unwrap_or(0)).wrapping_sub(1)
    }

    /// The same, if it is this node or one of the next few.
    #[inline]
    fn floor_near(&self, start: K, end: K, near: u32) -> Option<u32> {
        let from = near as usize;
        let (first, next) = self.nodes.get(from..from.checked_add(NEAR)?)?.split_first()?;
        if behind(first, start, end) {
            return None;
        }
        let floor = (near..).zip(next).find(|(_, node)| behind(node, start, end));
        floor.map(|(before, _)| before)
    }

    fn items_of(&self, at: usize) -> Range<usize> {
        let until = self.nodes.get(at + 1).map_or(self.items, |node| node.first);
        self.nodes[at].first as usize..until as usize
    }

    /// How many bytes it holds on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.index) + size_of_val(&*self.nodes)
    }
}

/// Whether the node sorts behind the interval.
#[inline]
fn behind<K: Address>(node: &Node<K>, start: K, end: K) -> bool {
    node.start > start || (node.start == start && node.end < end)
}

/// Whether the node sorts before the interval.
fn before<K: Address>(node: &Node<K>, start: K, end: K) -> bool {
    node.start < start || (node.start == start && node.end > end)
}

/// [`NOBODY`] of nothing.
fn index_of_last<K>(nodes: &[Node<K>]) -> u32 {
    u32::try_from(nodes.len()).unwrap_or(NOBODY).wrapping_sub(1)
}

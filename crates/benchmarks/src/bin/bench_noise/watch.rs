//! What a table says of the networks that originate most of it, as watches.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Prefix};
use validator::{Origins, Watch, WatchConflict, WatchList};

use crate::rib::Table;

/// What the watches know of the table.
#[derive(Clone, Copy)]
pub(crate) enum Baseline {
    /// The prefix and its origins.
    Raw,
    /// And what stood inside of it, by whomever.
    Table,
}

impl Baseline {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Baseline::Raw => "raw",
            Baseline::Table => "with the baseline",
        }
    }
}

/// The watches of the `top` origins with most prefixes, at most `most` of them.
pub(crate) fn watches(
    table: &Table,
    top: usize,
    most: usize,
    baseline: Baseline,
) -> Result<WatchList, WatchConflict> {
    let mut count: BTreeMap<Asn, usize> = BTreeMap::new();
    table
        .iter()
        .flat_map(|(_, origins)| origins)
        .for_each(|asn| *count.entry(*asn).or_default() += 1);
    let mut largest: Vec<_> = count.into_iter().collect();
    largest.sort_by_key(|(asn, prefixes)| (std::cmp::Reverse(*prefixes), *asn));
    let watched: BTreeSet<Asn> = largest.into_iter().take(top).map(|(asn, _)| asn).collect();
    let is_watched = |origins: &BTreeSet<Asn>| !origins.is_disjoint(&watched);
    let ours: Vec<_> = table.iter().filter(|(_, origins)| is_watched(origins)).take(most).collect();
    let mut watches: BTreeMap<Prefix, Watch> = BTreeMap::new();
    for (prefix, origins) in &ours {
        watches.insert(*prefix, watch(*prefix, origins));
    }
    if matches!(baseline, Baseline::Table) {
        let list = WatchList::new(watches.values().cloned(), [])?;
        for (prefix, origins) in table.iter() {
            // A customer's part of it is theirs, and stands in a watch of its own.
            if list.covering(prefix).is_some() {
                watches.entry(prefix).or_insert_with(|| watch(prefix, origins));
            }
        }
    }
    WatchList::new(watches.into_values(), [])
}

fn watch(prefix: Prefix, origins: &BTreeSet<Asn>) -> Watch {
    Watch::new(prefix, Origins::Only(origins.iter().copied().collect()), prefix.length())
}

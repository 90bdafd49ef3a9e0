//! The current route of every (vantage point, prefix) in and around watched space.
//!
//! Spread, visibility, recovery, who accepted it and who does not see it all come from this one
//! table; counting messages cannot give them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bgp::{Asn, Family, Prefix, Timestamp, Vantage};
use serde::{Deserialize, Serialize};
use validator::Watch;

use crate::first_hops::{FirstHop, FirstHops};
use crate::group_key::{Breach, breaches};
use crate::pairs;
use crate::route_entry::{RouteEntry, RouteKey, VantageId};
use crate::rules::are_enough;
use crate::visibility::{Visibility, VisibilityChange};
use crate::{AsDirectory, Country, Rules};

/// A vantage point.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VantagePoint {
    pub(crate) vantage: Vantage,
    /// From the directory, which may have changed since.
    #[serde(skip)]
    pub(crate) country: Option<Country>,
    pub(crate) up: bool,
    /// When it was first heard.
    #[serde(default = "long_ago")]
    pub(crate) heard: Timestamp,
    /// How many routes it has told since, up to a bound.
    #[serde(default)]
    pub(crate) routes_told: u32,
}

/// Of a vantage point of which an older version did not write down when it was first heard.
fn long_ago() -> Timestamp {
    Timestamp::from_micros(i64::MIN)
}

/// What a vantage point that went down leaves.
#[derive(Debug, Default)]
pub(crate) struct Down {
    /// The routes that it had.
    pub(crate) taken: Vec<(RouteKey, RouteEntry)>,
    /// The prefixes of ours that it carried or had lost.
    pub(crate) carried: Vec<Prefix>,
}

/// The current routes of all vantage points, with what is counted of them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RouteTable {
    #[serde(rename = "stations")]
    vantage_points: Vec<VantagePoint>,
    #[serde(skip)]
    ids: HashMap<Vantage, VantageId, foldhash::fast::RandomState>,
    up: usize,
    #[serde(with = "pairs")]
    rows: BTreeMap<RouteKey, RouteEntry>,
    /// The routes that are stale, the longest first.
    #[serde(skip)]
    stale: BTreeSet<(Timestamp, RouteKey)>,
    #[serde(default)]
    visibility: Visibility,
    #[serde(default)]
    first_hops: FirstHops,
    /// Watched prefixes whose own route is gone from vantage points that are up and had it.
    #[serde(with = "pairs")]
    lost: BTreeMap<Prefix, BTreeSet<VantageId>>,
}

impl RouteTable {
    /// The vantage point, which has just spoken and so is up.
    pub(crate) fn vantage_up(
        &mut self,
        vantage: &Vantage,
        at: Timestamp,
        directory: &AsDirectory,
    ) -> VantageId {
        let id = match self.ids.get(vantage) {
            Some(id) => *id,
            None => self.add(vantage, at, directory),
        };
        if let Some(vantage_point) = self.vantage_points.get_mut(id.index())
            && !vantage_point.up
        {
            vantage_point.up = true;
            self.up += 1;
        }
        id
    }

    /// Puts back what is not written down: the numbers by vantage point, and who stands where.
    pub(crate) fn reindexed(mut self, directory: &AsDirectory) -> Self {
        let numbered = (0..).map(VantageId::at).zip(&self.vantage_points);
        self.ids =
            numbered.map(|(id, vantage_point)| (vantage_point.vantage.clone(), id)).collect();
        for vantage_point in &mut self.vantage_points {
            vantage_point.country = directory.country(vantage_point.vantage.asn);
        }
        let stale = self.rows.iter().filter_map(|(key, row)| Some((row.stale_since?, *key)));
        self.stale = stale.collect();
        self
    }

    fn add(&mut self, vantage: &Vantage, heard: Timestamp, directory: &AsDirectory) -> VantageId {
        let id = VantageId::at(self.vantage_points.len());
        let country = directory.country(vantage.asn);
        let vantage_point =
            VantagePoint { vantage: vantage.clone(), country, up: false, heard, routes_told: 0 };
        self.vantage_points.push(vantage_point);
        self.ids.insert(vantage.clone(), id);
        id
    }

    /// Says of a route that is to be put here whether its first hop is news.
    pub(crate) fn judge_first_hop(&mut self, key: RouteKey, row: &mut RouteEntry) {
        if let Some(vantage_point) = self.vantage_points.get(key.vantage.index()) {
            self.first_hops.judge(key.prefix, &mut row.held, row.at, vantage_point.heard);
        }
    }

    /// A person says that this AS stands next to us.
    pub(crate) fn accept_first_hop(&mut self, hop: Asn) {
        self.first_hops.accept(hop);
    }

    /// Who stands next to us on the paths to this watched prefix, as far as it is known.
    pub(crate) fn first_hops(&self, watched: Prefix) -> Vec<FirstHop> {
        self.first_hops.of(watched)
    }

    /// Puts a route in place of the one before, which is returned.
    pub(crate) fn put(&mut self, key: RouteKey, row: RouteEntry) -> Option<RouteEntry> {
        let (is_own, stale) = (row.is_own(key.prefix), row.stale_since);
        if let Some(vantage_point) = self.vantage_points.get_mut(key.vantage.index()) {
            vantage_point.routes_told = vantage_point.routes_told.saturating_add(1);
        }
        self.visibility.put(key, &row);
        let before = self.rows.insert(key, row);
        self.unmark_stale(key, before.as_ref());
        self.stale.extend(stale.map(|since| (since, key)));
        self.note_own(key, before.as_ref(), is_own);
        before
    }

    /// Takes a route away.
    pub(crate) fn take(&mut self, key: RouteKey) -> Option<RouteEntry> {
        self.visibility.withdrawn(key);
        self.remove(key)
    }

    /// The same of a route that is not believed any more.
    pub(crate) fn forget(&mut self, key: RouteKey) -> Option<RouteEntry> {
        self.visibility.forgotten(key);
        self.remove(key)
    }

    fn remove(&mut self, key: RouteKey) -> Option<RouteEntry> {
        let before = self.rows.remove(&key);
        self.unmark_stale(key, before.as_ref());
        self.note_own(key, before.as_ref(), false);
        before
    }

    /// The oldest loss of visibility that is not told yet, and since when it lasts.
    pub(crate) fn oldest_loss(&self) -> Option<(Timestamp, Prefix)> {
        self.visibility.oldest_loss()
    }

    /// Who carries a prefix of ours by a route of an allowed origin, and of how many that had it.
    pub(crate) fn carriers(&self, prefix: Prefix) -> Option<(BTreeSet<VantageId>, usize)> {
        self.visibility.carriers(prefix)
    }

    /// Whether a prefix of ours is seen less far than before, or again as far. A loss needs as
    /// many vantage ASes as an incident does.
    pub(crate) fn visibility_change(
        &mut self,
        prefix: Prefix,
        now: Timestamp,
        rules: &Rules,
    ) -> Option<(VisibilityChange, BTreeSet<Asn>)> {
        let vantage_points = &self.vantage_points;
        let vantage_of = |id: &VantageId| Some(&vantage_points.get(id.index())?.vantage);
        let lost = std::cell::RefCell::new(BTreeSet::new());
        let is_enough = |watch: &Watch, gone: &BTreeSet<VantageId>, carrying: usize| {
            let mut by_threshold: BTreeMap<u32, BTreeSet<Asn>> = BTreeMap::new();
            for Vantage { collector, asn, .. } in gone.iter().filter_map(vantage_of) {
                let threshold = rules.threshold(Some(watch), collector);
                by_threshold.entry(threshold).or_default().insert(*asn);
            }
            let had = gone.len() + carrying;
            // Of vantage points that are believed alone one is enough.
            let known =
                by_threshold.contains_key(&1) || had >= rules.visibility_vantage_points as usize;
            lost.replace(by_threshold.values().flatten().copied().collect());
            known && are_enough(&by_threshold)
        };
        let change = self.visibility.change(prefix, now, rules.visibility_after, is_enough)?;
        Some((change, lost.into_inner()))
    }

    fn unmark_stale(&mut self, key: RouteKey, before: Option<&RouteEntry>) {
        if let Some(since) = before.and_then(|row| row.stale_since) {
            self.stale.remove(&(since, key));
        }
    }

    /// What this vantage point holds may be gone: nobody told of it for a while. Which routes are
    /// newly stale.
    pub(crate) fn mark_stale(&mut self, vantage: &Vantage, at: Timestamp) -> Vec<RouteKey> {
        let Some(id) = self.ids.get(vantage).copied() else { return Vec::new() };
        let certain = self.of(id).filter(|(_, row)| row.stale_since.is_none());
        let keys: Vec<RouteKey> = certain.map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.mark_entry_stale(key, at)).collect()
    }

    /// What stands here may be another route now. Given back where it is newly stale.
    pub(crate) fn mark_entry_stale(&mut self, key: RouteKey, at: Timestamp) -> Option<RouteKey> {
        let row = self.rows.get_mut(&key).filter(|row| row.stale_since.is_none())?;
        row.stale_since = Some(at);
        self.stale.insert((at, key));
        Some(key)
    }

    /// The routes of this vantage point that are stale.
    pub(crate) fn stale_of(&self, vantage: &Vantage, family: Option<Family>) -> Vec<RouteKey> {
        let Some(id) = self.ids.get(vantage).copied() else { return Vec::new() };
        let stale = self.of(id).filter(|(_, row)| row.stale_since.is_some());
        let told = |key: &RouteKey| family.is_none_or(|family| key.prefix.family() == family);
        stale.map(|(key, _)| *key).filter(told).collect()
    }

    /// The route that has been stale for the longest time.
    pub(crate) fn oldest_stale(&self) -> Option<(Timestamp, RouteKey)> {
        self.stale.first().copied()
    }

    /// Whether any route is stale at all: mostly none is, and that is quickly said.
    pub(crate) fn has_stale(&self) -> bool {
        !self.stale.is_empty()
    }

    /// Whether a route stands here that is not stale.
    pub(crate) fn is_certain(&self, key: &RouteKey) -> bool {
        self.rows.get(key).is_some_and(|row| row.stale_since.is_none())
    }

    /// Whether what stands here, if anything, gives way to a table of this time: what is certain was
    /// told since, whatever the clocks say.
    pub(crate) fn is_older(&self, key: &RouteKey, at: Timestamp) -> bool {
        self.rows.get(key).is_none_or(|row| row.stale_since.is_some() && row.at < at)
    }

    fn note_own(&mut self, key: RouteKey, before: Option<&RouteEntry>, is_own: bool) {
        let was_own = before.is_some_and(|row| row.is_own(key.prefix));
        if was_own && !is_own {
            self.lost.entry(key.prefix).or_default().insert(key.vantage);
        } else if is_own && let Some(vantages) = self.lost.get_mut(&key.prefix) {
            vantages.remove(&key.vantage);
        }
    }

    /// Whether the own route of this watched prefix is gone from a vantage point that is up and
    /// had it.
    pub(crate) fn is_lost(&self, watched: Prefix) -> bool {
        self.lost.get(&watched).is_some_and(|vantages| !vantages.is_empty())
    }

    /// Takes all routes of a vantage point away, and does not count it any more until it speaks
    /// again.
    pub(crate) fn vantage_down(&mut self, vantage: &Vantage) -> Down {
        let Some(id) = self.ids.get(vantage).copied() else { return Down::default() };
        if let Some(vantage_point) = self.vantage_points.get_mut(id.index())
            && vantage_point.up
        {
            vantage_point.up = false;
            self.up -= 1;
        }
        self.lost.values_mut().for_each(|vantages| {
            vantages.remove(&id);
        });
        let keys: Vec<RouteKey> = self.of(id).map(|(key, _)| *key).collect();
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(row) = self.rows.remove(&key) {
                self.unmark_stale(key, Some(&row));
                taken.push((key, row));
            }
        }
        Down { taken, carried: self.visibility.down(id) }
    }

    fn of(&self, id: VantageId) -> impl Iterator<Item = (&RouteKey, &RouteEntry)> {
        let first = Prefix::from_bits(Family::Ipv4, 0, 0);
        let start = RouteKey { vantage: id, prefix: first, path_id: 0 };
        self.rows.range(start..).take_while(move |(key, _)| key.vantage == id)
    }

    /// How many vantage points are up.
    pub(crate) fn total(&self) -> usize {
        self.up
    }

    /// Every route, by vantage point.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&RouteKey, &RouteEntry)> {
        self.rows.iter()
    }

    /// The route at this place.
    pub(crate) fn row(&self, key: &RouteKey) -> Option<&RouteEntry> {
        self.rows.get(key)
    }

    /// Every rule that the route at this place breaks.
    pub(crate) fn breaches(&self, key: &RouteKey) -> Vec<Breach> {
        let row = self.rows.get(key).zip(self.asn(key.vantage));
        row.map(|(row, asn)| breaches(key.prefix, &row.held, asn)).unwrap_or_default()
    }

    /// The vantage points that are up.
    pub(crate) fn vantage_points(&self) -> impl Iterator<Item = (VantageId, &VantagePoint)> {
        let numbered = (0..).map(VantageId::at).zip(&self.vantage_points);
        numbered.filter(|(_, vantage_point)| vantage_point.up)
    }

    /// The vantage point of this number.
    pub(crate) fn vantage_point(&self, id: VantageId) -> Option<&VantagePoint> {
        self.vantage_points.get(id.index())
    }

    /// The AS of this vantage point.
    pub(crate) fn asn(&self, id: VantageId) -> Option<Asn> {
        self.vantage_point(id).map(|vantage_point| vantage_point.vantage.asn)
    }
}

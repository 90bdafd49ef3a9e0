//! The current route of every (vantage point, prefix) in and around watched space.
//!
//! Spread, visibility, recovery, who accepted it and who does not see it all come from this one
//! table; counting messages cannot give them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bgp::{Asn, Family, Prefix, Timestamp, Vantage};
use serde::{Deserialize, Serialize};
use validator::{Held, Watch};

use crate::memory::pairs;
use crate::visibility::{Change, Visibility};
use crate::{AsDirectory, Country, Rules};

/// Vantage points of public feeds that must have had a prefix before a share of them says anything:
/// those that we know first are those that are restless.
const POPULATION: usize = 10;

/// A vantage point that has said something about watched space. Numbered by first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct VantageId(u32);

/// Where a route stands: the path identifier keeps ADD-PATH routes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RowKey {
    pub(crate) vantage: VantageId,
    pub(crate) prefix: Prefix,
    pub(crate) path_id: u32,
}

/// A current route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) held: Held,
    /// When it was announced.
    pub(crate) at: Timestamp,
    /// Since when nobody can say whether it is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doubted: Option<Timestamp>,
}

/// A vantage point.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Station {
    pub(crate) vantage: Vantage,
    /// From the directory, which may have changed since.
    #[serde(skip)]
    pub(crate) country: Option<Country>,
    pub(crate) up: bool,
}

/// What a vantage point that went down leaves.
#[derive(Debug, Default)]
pub(crate) struct Down {
    /// The routes that it had.
    pub(crate) taken: Vec<(RowKey, Row)>,
    /// The prefixes of ours that it carried or had lost.
    pub(crate) carried: Vec<Prefix>,
}

/// The table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RouteTable {
    stations: Vec<Station>,
    #[serde(skip)]
    ids: HashMap<Vantage, VantageId>,
    up: usize,
    #[serde(with = "pairs")]
    rows: BTreeMap<RowKey, Row>,
    /// The routes that are in doubt, the longest first.
    #[serde(skip)]
    doubts: BTreeSet<(Timestamp, RowKey)>,
    #[serde(default)]
    visibility: Visibility,
    /// Watched prefixes whose own route is gone from vantage points that are up and had it.
    #[serde(with = "pairs")]
    lost: BTreeMap<Prefix, BTreeSet<VantageId>>,
}

impl Row {
    /// Whether this is a watched prefix itself, announced as it should be.
    fn is_own(&self, prefix: Prefix) -> bool {
        let own = |m: &validator::Match| {
            m.kind.is_none() && m.watch.as_ref().is_some_and(|watch| watch.prefix == prefix)
        };
        self.held.matches.iter().any(own)
    }
}

impl RouteTable {
    /// The vantage point, which has just spoken and so is up.
    pub(crate) fn station_up(&mut self, vantage: &Vantage, directory: &AsDirectory) -> VantageId {
        let id = match self.ids.get(vantage) {
            Some(id) => *id,
            None => self.add(vantage, directory),
        };
        if let Some(station) = self.stations.get_mut(id.0 as usize)
            && !station.up
        {
            station.up = true;
            self.up += 1;
        }
        id
    }

    /// Puts back what is not written down: the numbers by vantage point, and who stands where.
    pub(crate) fn restored(mut self, directory: &AsDirectory) -> Self {
        let numbered = (0u32..).map(VantageId).zip(&self.stations);
        self.ids = numbered.map(|(id, station)| (station.vantage.clone(), id)).collect();
        for station in &mut self.stations {
            station.country = directory.country(station.vantage.asn);
        }
        let doubted = self.rows.iter().filter_map(|(key, row)| Some((row.doubted?, *key)));
        self.doubts = doubted.collect();
        self
    }

    fn add(&mut self, vantage: &Vantage, directory: &AsDirectory) -> VantageId {
        // More than four billion vantage points would have filled the memory long before.
        let id = VantageId(u32::try_from(self.stations.len()).unwrap_or(u32::MAX));
        let country = directory.country(vantage.asn);
        self.stations.push(Station { vantage: vantage.clone(), country, up: false });
        self.ids.insert(vantage.clone(), id);
        id
    }

    /// Puts a route in place of the one before, which is returned.
    pub(crate) fn put(&mut self, key: RowKey, row: Row) -> Option<Row> {
        let (is_own, doubted) = (row.is_own(key.prefix), row.doubted);
        self.visibility.put(key, &row);
        let before = self.rows.insert(key, row);
        self.settle_doubt(key, before.as_ref());
        self.doubts.extend(doubted.map(|since| (since, key)));
        self.note_own(key, before.as_ref(), is_own);
        before
    }

    /// Takes a route away.
    pub(crate) fn take(&mut self, key: RowKey) -> Option<Row> {
        self.visibility.withdrawn(key);
        self.remove(key)
    }

    /// The same of a route that is not believed any more.
    pub(crate) fn forget(&mut self, key: RowKey) -> Option<Row> {
        self.visibility.forgotten(key);
        self.remove(key)
    }

    fn remove(&mut self, key: RowKey) -> Option<Row> {
        let before = self.rows.remove(&key);
        self.settle_doubt(key, before.as_ref());
        self.note_own(key, before.as_ref(), false);
        before
    }

    /// Whether a prefix of ours is seen less far than before, or again as far. A loss needs as
    /// many vantage ASes as an incident does.
    pub(crate) fn visibility_change(
        &mut self,
        prefix: Prefix,
        rules: &Rules,
    ) -> Option<(Change, BTreeSet<Asn>)> {
        let stations = &self.stations;
        let station = |id: &VantageId| stations.get(id.0 as usize);
        let ases = |gone: &BTreeSet<VantageId>| -> BTreeSet<Asn> {
            gone.iter().filter_map(station).map(|station| station.vantage.asn).collect()
        };
        let lost = std::cell::RefCell::new(BTreeSet::new());
        let is_enough = |watch: &Watch, gone: &BTreeSet<VantageId>, carrying: usize| {
            let of = |id: &VantageId| {
                let collector = &station(id)?.vantage.collector;
                rules.min_vantage_ases_of.get(&**collector).copied()
            };
            let least = gone.iter().filter_map(of).min();
            let least = watch.min_vantage_ases.or(least).unwrap_or(rules.min_vantage_ases).max(1);
            let ases = ases(gone);
            let known = least < 2 || gone.len() + carrying >= POPULATION;
            let enough = known && ases.len() >= least as usize;
            lost.replace(ases);
            enough
        };
        let change = self.visibility.change(prefix, is_enough)?;
        Some((change, lost.into_inner()))
    }

    fn settle_doubt(&mut self, key: RowKey, before: Option<&Row>) {
        if let Some(since) = before.and_then(|row| row.doubted) {
            self.doubts.remove(&(since, key));
        }
    }

    /// What this vantage point holds may be gone: nobody told of it for a while. Which routes are
    /// newly in doubt.
    pub(crate) fn doubt(&mut self, vantage: &Vantage, at: Timestamp) -> Vec<RowKey> {
        let Some(id) = self.ids.get(vantage).copied() else { return Vec::new() };
        let certain = self.of(id).filter(|(_, row)| row.doubted.is_none());
        let keys: Vec<RowKey> = certain.map(|(key, _)| *key).collect();
        keys.into_iter().filter_map(|key| self.doubt_one(key, at)).collect()
    }

    /// What stands here may be another route now. Given back where it is newly in doubt.
    pub(crate) fn doubt_one(&mut self, key: RowKey, at: Timestamp) -> Option<RowKey> {
        let row = self.rows.get_mut(&key).filter(|row| row.doubted.is_none())?;
        row.doubted = Some(at);
        self.doubts.insert((at, key));
        Some(key)
    }

    /// The routes of this vantage point that are in doubt.
    pub(crate) fn doubted(&self, vantage: &Vantage, family: Option<Family>) -> Vec<RowKey> {
        let Some(id) = self.ids.get(vantage).copied() else { return Vec::new() };
        let doubted = self.of(id).filter(|(_, row)| row.doubted.is_some());
        let told = |key: &RowKey| family.is_none_or(|family| key.prefix.family() == family);
        doubted.map(|(key, _)| *key).filter(told).collect()
    }

    /// The route that has been in doubt for the longest time.
    pub(crate) fn oldest_doubt(&self) -> Option<(Timestamp, RowKey)> {
        self.doubts.first().copied()
    }

    /// Whether any route is in doubt at all: mostly none is, and that is quickly said.
    pub(crate) fn has_doubts(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// Whether a route stands here of which there is no doubt.
    pub(crate) fn is_certain(&self, key: &RowKey) -> bool {
        self.rows.get(key).is_some_and(|row| row.doubted.is_none())
    }

    /// Whether what stands here, if anything, gives way to a table of this time: what is certain was
    /// told since, whatever the clocks say.
    pub(crate) fn is_older(&self, key: &RowKey, at: Timestamp) -> bool {
        self.rows.get(key).is_none_or(|row| row.doubted.is_some() && row.at < at)
    }

    fn note_own(&mut self, key: RowKey, before: Option<&Row>, is_own: bool) {
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
    pub(crate) fn station_down(&mut self, vantage: &Vantage) -> Down {
        let Some(id) = self.ids.get(vantage).copied() else { return Down::default() };
        if let Some(station) = self.stations.get_mut(id.0 as usize)
            && station.up
        {
            station.up = false;
            self.up -= 1;
        }
        self.lost.values_mut().for_each(|vantages| {
            vantages.remove(&id);
        });
        let keys: Vec<RowKey> = self.of(id).map(|(key, _)| *key).collect();
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(row) = self.rows.remove(&key) {
                self.settle_doubt(key, Some(&row));
                taken.push((key, row));
            }
        }
        Down { taken, carried: self.visibility.down(id) }
    }

    fn of(&self, id: VantageId) -> impl Iterator<Item = (&RowKey, &Row)> {
        let first = Prefix::from_bits(Family::Ipv4, 0, 0);
        let start = RowKey { vantage: id, prefix: first, path_id: 0 };
        self.rows.range(start..).take_while(move |(key, _)| key.vantage == id)
    }

    /// How many vantage points are up.
    pub(crate) fn total(&self) -> usize {
        self.up
    }

    /// Every route, by vantage point.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&RowKey, &Row)> {
        self.rows.iter()
    }

    /// The route at this place.
    pub(crate) fn row(&self, key: &RowKey) -> Option<&Row> {
        self.rows.get(key)
    }

    /// The vantage points that are up.
    pub(crate) fn stations(&self) -> impl Iterator<Item = (VantageId, &Station)> {
        let numbered = (0u32..).map(VantageId).zip(&self.stations);
        numbered.filter(|(_, station)| station.up)
    }

    /// The vantage point of this number.
    pub(crate) fn station(&self, id: VantageId) -> Option<&Station> {
        self.stations.get(id.0 as usize)
    }

    /// The AS of this vantage point.
    pub(crate) fn asn(&self, id: VantageId) -> Option<Asn> {
        self.station(id).map(|station| station.vantage.asn)
    }
}

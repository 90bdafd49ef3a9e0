//! Who carries our prefixes: how many of the vantage points that had a route to one still have any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{OriginValidation, Watch};

use crate::pairs;
use crate::route_entry::{RouteEntry, RouteKey, VantageId};

/// The vantage points of each watched prefix.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visibility {
    #[serde(with = "pairs")]
    carriers: BTreeMap<Prefix, Carriers>,
    /// Losses that have not lasted long enough to be told, the oldest first.
    #[serde(default)]
    losses: BTreeSet<(Timestamp, Prefix)>,
}

/// Who carries one watched prefix by a route of an allowed origin. A prefix that we never announced has no
/// visibility to lose, and a hijack's route is nobody's visibility.
#[derive(Debug, Serialize, Deserialize)]
struct Carriers {
    watch: Arc<Watch>,
    /// What RPKI said of the latest route.
    rov: OriginValidation,
    /// The path identifier keeps ADD-PATH routes apart.
    routes: BTreeSet<(VantageId, u32)>,
    /// Routes of others in the place of ours: that is the hijack's incident while it lasts.
    #[serde(default)]
    displaced: BTreeSet<(VantageId, u32)>,
    /// Had a route, are up, and have none any more.
    gone: BTreeSet<VantageId>,
    /// As it was notified.
    level: Level,
    /// How many carried it when that was notified.
    #[serde(default)]
    notified_carrying: usize,
    /// Since when it is worse than was notified, where that must last first.
    #[serde(default)]
    lost_since: Option<Timestamp>,
}

/// How far a prefix can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Fine,
    BelowFloor,
    Nowhere,
}

/// How far a prefix can be seen is not as it was.
#[derive(Debug)]
pub(crate) struct VisibilityChange {
    pub(crate) watch: Arc<Watch>,
    pub(crate) rov: OriginValidation,
    pub(crate) level: Level,
    /// Since when.
    pub(crate) since: Timestamp,
    pub(crate) carrying: usize,
    pub(crate) gone: usize,
}

impl Visibility {
    /// A route stands here now.
    pub(crate) fn put(&mut self, key: RouteKey, row: &RouteEntry) {
        let watches = row.held.matches.iter().filter_map(|m| m.watch.as_ref());
        let mut exact = watches.filter(|watch| watch.prefix == key.prefix && watch.announced);
        match exact.next() {
            Some(watch) if watch.origins.allow(&row.held.origin) => {
                let carriers = self.carriers.entry(key.prefix).or_insert_with(|| Carriers {
                    watch: watch.clone(),
                    rov: row.held.rov.clone(),
                    routes: BTreeSet::new(),
                    displaced: BTreeSet::new(),
                    gone: BTreeSet::new(),
                    level: Level::Fine,
                    notified_carrying: 0,
                    lost_since: None,
                });
                carriers.watch = watch.clone();
                carriers.rov.clone_from(&row.held.rov);
                carriers.routes.insert((key.vantage, key.path_id));
                carriers.displaced.remove(&(key.vantage, key.path_id));
                carriers.gone.remove(&key.vantage);
            }
            Some(_) => {
                if let Some(carriers) = self.carriers.get_mut(&key.prefix)
                    && carriers.routes.remove(&(key.vantage, key.path_id))
                {
                    carriers.displaced.insert((key.vantage, key.path_id));
                }
            }
            // It is watched no more.
            None => self.unwatch(key.prefix),
        }
    }

    fn unwatch(&mut self, prefix: Prefix) {
        let since = self.carriers.remove(&prefix).and_then(|carriers| carriers.lost_since);
        self.losses.retain(|loss| since.is_none_or(|since| *loss != (since, prefix)));
    }

    /// The route that stood here was withdrawn.
    pub(crate) fn withdrawn(&mut self, key: RouteKey) {
        let Some(carriers) = self.carriers.get_mut(&key.prefix) else { return };
        let path = (key.vantage, key.path_id);
        let had = carriers.routes.remove(&path) | carriers.displaced.remove(&path);
        if had && !carriers.has_path(key.vantage) {
            carriers.gone.insert(key.vantage);
        }
    }

    /// The route that stood here is not believed any more: nobody knows.
    pub(crate) fn forgotten(&mut self, key: RouteKey) {
        if let Some(carriers) = self.carriers.get_mut(&key.prefix) {
            carriers.routes.remove(&(key.vantage, key.path_id));
            carriers.displaced.remove(&(key.vantage, key.path_id));
        }
    }

    /// The vantage point is down, and counts no more; which prefixes it had a say in.
    pub(crate) fn down(&mut self, vantage: VantageId) -> Vec<Prefix> {
        let mut touched = Vec::new();
        for (prefix, carriers) in &mut self.carriers {
            let before = carriers.routes.len() + carriers.gone.len();
            carriers.routes.retain(|(carrier, _)| *carrier != vantage);
            carriers.displaced.retain(|(carrier, _)| *carrier != vantage);
            carriers.gone.remove(&vantage);
            if carriers.routes.len() + carriers.gone.len() < before {
                touched.push(*prefix);
            }
        }
        touched
    }

    /// Whether the prefix is seen so far as was notified last. A loss needs enough vantage ASes that lost
    /// it and must last for so long; a recovery needs somebody who carries it: that nobody tells us
    /// anything is neither.
    pub(crate) fn change(
        &mut self,
        prefix: Prefix,
        now: Timestamp,
        lasting: Duration,
        is_enough: impl Fn(&Watch, &BTreeSet<VantageId>, usize) -> bool,
    ) -> Option<VisibilityChange> {
        let carriers = self.carriers.get_mut(&prefix)?;
        let (carrying, gone) = (carriers.carrying(), carriers.gone.len());
        let level = carriers.level_now(carrying);
        let is_loss = level != Level::Fine;
        let is_believed = !is_loss || is_enough(&carriers.watch, &carriers.gone, carrying);
        let before = carriers.lost_since;
        carriers.lost_since = (is_loss && is_believed && carriers.level == Level::Fine)
            .then(|| before.unwrap_or(now));
        if before != carriers.lost_since {
            before.map(|since| self.losses.remove(&(since, prefix)));
            self.losses.extend(carriers.lost_since.map(|since| (since, prefix)));
        }
        let fell = level == Level::BelowFloor && carrying * 2 <= carriers.notified_carrying;
        if !is_believed || (level == carriers.level && !fell) {
            return None;
        }
        let since = carriers.lost_since.unwrap_or(now);
        if is_loss && carriers.level == Level::Fine && now < since + lasting {
            return None;
        }
        self.losses.remove(&(since, prefix));
        (carriers.level, carriers.notified_carrying, carriers.lost_since) = (level, carrying, None);
        let (watch, rov) = (carriers.watch.clone(), carriers.rov.clone());
        Some(VisibilityChange { watch, rov, level, since, carrying, gone })
    }

    /// The oldest loss that is not told yet, and since when it lasts.
    pub(crate) fn oldest_loss(&self) -> Option<(Timestamp, Prefix)> {
        self.losses.first().copied()
    }

    /// Who carries the prefix, and of how many that had it.
    pub(crate) fn carriers(&self, prefix: Prefix) -> Option<(BTreeSet<VantageId>, usize)> {
        let carriers = self.carriers.get(&prefix)?;
        let carrying: BTreeSet<VantageId> = carriers.routes.iter().map(|(id, _)| *id).collect();
        let total = carrying.len() + carriers.gone.len();
        Some((carrying, total))
    }
}

impl Carriers {
    fn level_now(&self, carrying: usize) -> Level {
        let floor = usize::from(self.watch.visibility);
        if carrying * 100 >= floor * (carrying + self.gone.len()) && (carrying > 0 || floor == 0) {
            Level::Fine
        } else if carrying == 0 {
            Level::Nowhere
        } else {
            Level::BelowFloor
        }
    }

    /// Whether this vantage point has any route to it, by whomever.
    fn has_path(&self, vantage: VantageId) -> bool {
        let paths = (vantage, 0)..=(vantage, u32::MAX);
        [&self.routes, &self.displaced].iter().any(|all| all.range(paths.clone()).next().is_some())
    }

    /// How many vantage points have a route. Asked with each route that comes: they stand in order, so
    /// nothing needs to be gathered.
    fn carrying(&self) -> usize {
        let vantages = || self.routes.iter().map(|(vantage, _)| vantage);
        let changes = vantages().zip(vantages().skip(1)).filter(|(one, next)| one != next).count();
        changes + usize::from(!self.routes.is_empty())
    }
}

impl VisibilityChange {
    /// For a person, a sentence each.
    pub(crate) fn details(&self, ases: &BTreeSet<Asn>) -> Vec<String> {
        let (carrying, all) = (self.carrying, self.carrying + self.gone);
        let said = match self.level {
            Level::Fine => return Vec::new(),
            Level::Nowhere => format!("none of {all} vantage points that had it carries it"),
            Level::BelowFloor => format!(
                "{carrying} of {all} vantage points that had it still carry it, under the floor of \
                 {} %",
                self.watch.visibility
            ),
        };
        const NAMED: usize = 12;
        let named = ases.iter().take(NAMED).map(Asn::to_string).collect::<Vec<_>>().join(", ");
        let more = match ases.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        vec![said, format!("gone from {named}{more}")]
    }
}

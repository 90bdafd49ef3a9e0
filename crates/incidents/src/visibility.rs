//! Who carries our prefixes: how many of the vantage points that had a route to one still have any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp::{Asn, Prefix};
use serde::{Deserialize, Serialize};
use validator::{OriginValidation, Watch};

use crate::pairs;
use crate::route_entry::{RouteEntry, RouteKey, VantageId};

/// The vantage points of each watched prefix.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visibility {
    #[serde(with = "pairs")]
    carriers: BTreeMap<Prefix, Carriers>,
}

/// Who carries one watched prefix, whoever originates it: a hijack is another incident.
#[derive(Debug, Serialize, Deserialize)]
struct Carriers {
    watch: Arc<Watch>,
    /// What RPKI said of the latest route.
    rov: OriginValidation,
    /// The path identifier keeps ADD-PATH routes apart.
    routes: BTreeSet<(VantageId, u32)>,
    /// Had a route, are up, and have none any more.
    gone: BTreeSet<VantageId>,
    level: Level,
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
    pub(crate) carrying: usize,
    pub(crate) gone: usize,
}

impl Visibility {
    /// A route stands here now.
    pub(crate) fn put(&mut self, key: RouteKey, row: &RouteEntry) {
        let watches = row.held.matches.iter().filter_map(|m| m.watch.as_ref());
        let mut exact = watches.filter(|watch| watch.prefix == key.prefix && watch.announced);
        match exact.next() {
            Some(watch) => {
                let carriers = self.carriers.entry(key.prefix).or_insert_with(|| Carriers {
                    watch: watch.clone(),
                    rov: row.held.rov.clone(),
                    routes: BTreeSet::new(),
                    gone: BTreeSet::new(),
                    level: Level::Fine,
                });
                carriers.watch = watch.clone();
                carriers.rov.clone_from(&row.held.rov);
                carriers.routes.insert((key.vantage, key.path_id));
                carriers.gone.remove(&key.vantage);
            }
            // It is watched no more.
            None => drop(self.carriers.remove(&key.prefix)),
        }
    }

    /// The route that stood here was withdrawn.
    pub(crate) fn withdrawn(&mut self, key: RouteKey) {
        if let Some(carriers) = self.carriers.get_mut(&key.prefix)
            && carriers.routes.remove(&(key.vantage, key.path_id))
            && carriers.routes.range((key.vantage, 0)..=(key.vantage, u32::MAX)).next().is_none()
        {
            carriers.gone.insert(key.vantage);
        }
    }

    /// The route that stood here is not believed any more: nobody knows.
    pub(crate) fn forgotten(&mut self, key: RouteKey) {
        if let Some(carriers) = self.carriers.get_mut(&key.prefix) {
            carriers.routes.remove(&(key.vantage, key.path_id));
        }
    }

    /// The vantage point is down, and counts no more; which prefixes it had a say in.
    pub(crate) fn down(&mut self, vantage: VantageId) -> Vec<Prefix> {
        let mut touched = Vec::new();
        for (prefix, carriers) in &mut self.carriers {
            let before = carriers.routes.len() + carriers.gone.len();
            carriers.routes.retain(|(carrier, _)| *carrier != vantage);
            carriers.gone.remove(&vantage);
            if carriers.routes.len() + carriers.gone.len() < before {
                touched.push(*prefix);
            }
        }
        touched
    }

    /// Whether the prefix is seen so far as it was before. A loss needs enough vantage ASes that lost
    /// it, and a recovery needs somebody who carries it: that nobody tells us anything is neither.
    pub(crate) fn change(
        &mut self,
        prefix: Prefix,
        is_enough: impl Fn(&Watch, &BTreeSet<VantageId>, usize) -> bool,
    ) -> Option<VisibilityChange> {
        let carriers = self.carriers.get_mut(&prefix)?;
        let floor = usize::from(carriers.watch.visibility);
        let carrying = carriers.carrying();
        let gone = carriers.gone.len();
        let level = if carrying * 100 >= floor * (carrying + gone) && (carrying > 0 || floor == 0) {
            Level::Fine
        } else if !is_enough(&carriers.watch, &carriers.gone, carrying) {
            return None;
        } else if carrying == 0 {
            Level::Nowhere
        } else {
            Level::BelowFloor
        };
        if level == carriers.level {
            return None;
        }
        carriers.level = level;
        let (watch, rov) = (carriers.watch.clone(), carriers.rov.clone());
        Some(VisibilityChange { watch, rov, level, carrying, gone })
    }
}

impl Carriers {
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

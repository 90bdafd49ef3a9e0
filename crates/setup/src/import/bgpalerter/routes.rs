//! Who is told of what: the groups and channels of the reports become routes, where they differ at all.

use std::collections::{BTreeMap, BTreeSet};

use bgp::Prefix;
use validator::IncidentKind;

use super::groups::DEFAULT;
use super::monitors::Monitors;
use super::reports::Destination;
use crate::import::imported::{Imported, ImportedRoute};

/// Kinds that are about no prefix of ours: a route with prefixes does not meet them.
const WITHOUT_PREFIX: [IncidentKind; 9] = [
    IncidentKind::OwnAsNewPrefix,
    IncidentKind::UnexpectedDownstream,
    IncidentKind::RoaChange,
    IncidentKind::TaMalfunction,
    IncidentKind::RpkiStale,
    IncidentKind::FeedSilent,
    IncidentKind::RouterDown,
    IncidentKind::DeliveryFailing,
    IncidentKind::StoreFailing,
];

/// The prefixes of each group.
pub(super) type Grouped = BTreeMap<String, Vec<Prefix>>;

/// The routes; none where everybody is told of everything, as without any route.
pub(super) fn of(
    destinations: &[Destination],
    monitors: &Monitors,
    grouped: &Grouped,
    imported: &Imported,
) -> Vec<ImportedRoute> {
    let mut routes = Vec::new();
    for destination in destinations {
        let groups = grouped
            .iter()
            .filter(|(group, _)| *group != DEFAULT && destination.groups.contains_key(*group));
        let groups: Vec<_> = groups.collect();
        let kinds = kinds(destination, monitors);
        for (group, prefixes) in &groups {
            let to = destination.groups.get(*group).cloned().unwrap_or_default();
            routes.push(ImportedRoute { kinds: kinds.clone(), prefixes: prefixes.to_vec(), to });
        }
        let Some(to) = destination.groups.get(DEFAULT).cloned() else { continue };
        if groups.is_empty() {
            routes.push(ImportedRoute { kinds, prefixes: Vec::new(), to });
            continue;
        }
        let grouped: BTreeSet<&Prefix> = groups.iter().flat_map(|(_, list)| *list).collect();
        let rest = imported.watches.keys().filter(|prefix| !grouped.contains(prefix));
        let rest: Vec<_> = rest.copied().collect();
        if !rest.is_empty() {
            routes.push(ImportedRoute { kinds: kinds.clone(), prefixes: rest, to: to.clone() });
        }
        let wanted = |kind: &IncidentKind| kinds.is_empty() || kinds.contains(kind);
        let others: Vec<_> = WITHOUT_PREFIX.into_iter().filter(wanted).collect();
        if !others.is_empty() {
            routes.push(ImportedRoute { kinds: others, prefixes: Vec::new(), to });
        }
    }
    let tells_all = |route: &ImportedRoute| route.kinds.is_empty() && route.prefixes.is_empty();
    if routes.iter().all(tells_all) { Vec::new() } else { routes }
}

/// The kinds that a report is sent; empty where it is sent all that there are monitors for.
fn kinds(destination: &Destination, monitors: &Monitors) -> Vec<IncidentKind> {
    let listens = |channel: &String| destination.channels.contains(channel);
    if monitors.channels.keys().all(listens) {
        return Vec::new();
    }
    let heard = monitors.channels.iter().filter(|(channel, _)| listens(channel));
    let mut kinds: Vec<_> =
        heard.flat_map(|(_, monitors)| monitors).flat_map(|one| one.incidents()).copied().collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

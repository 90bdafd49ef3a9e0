//! Who holds which route: what tables of collectors or of our own routers show.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bgp::{AsPath, Asn, Family, Prefix, Route, RouteOrigin, Vantage};
use validator::{Origins, Watch, WatchList};

use crate::evidence::Visibility;

/// What the vantage points of some tables hold of our routes, and in and around our space.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    own: BTreeSet<Asn>,
    vantages: HashMap<Vantage, usize>,
    /// Of each vantage point, its AS and how many routes it holds of each family.
    tables: Vec<(Asn, [u64; 2])>,
    routes: BTreeMap<(Prefix, Asn), RouteSeen>,
}

/// Who holds one prefix of one origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteSeen {
    /// The numbers of the vantage points.
    holders: BTreeSet<usize>,
    /// How many of them have it from which neighbour of ours.
    pub(crate) neighbours: BTreeMap<Asn, u64>,
    /// How many of them have it from us, where another AS is the origin.
    pub(crate) behind_us: u64,
}

impl Survey {
    /// Nothing is seen yet. `own` are the operator's ASes.
    pub fn new(own: impl IntoIterator<Item = Asn>) -> Self {
        Survey { own: own.into_iter().collect(), ..Survey::default() }
    }

    /// A vantage point holds so many routes of this family, whatever they are.
    pub fn add_table(&mut self, vantage: &Vantage, family: Family, routes: u64) {
        let number = self.number(vantage);
        if let Some((_, counts)) = self.tables.get_mut(number) {
            counts[place(family)] += routes;
        }
    }

    /// A vantage point holds this route. Of several paths to one prefix (ADD-PATH) the first counts.
    pub fn add(&mut self, vantage: &Vantage, prefix: Prefix, route: &Route) {
        let RouteOrigin::As(origin) = route.origin(vantage.asn) else { return };
        let path = &route.path;
        if prefix.length() == 0 || origin == Asn::ZERO {
            return;
        }
        let number = self.number(vantage);
        let neighbour = neighbour(&self.own, path, origin);
        let seen = self.routes.entry((prefix, origin)).or_default();
        if !seen.holders.insert(number) {
            return;
        }
        if !self.own.contains(&origin) {
            seen.behind_us +=
                u64::from(path.left_neighbour(origin).is_some_and(|asn| self.own.contains(&asn)));
        } else if let Some(neighbour) = neighbour {
            *seen.neighbours.entry(neighbour).or_default() += 1;
        }
    }

    /// What our ASes originate, with what else is known to be ours: what is in or around it must be
    /// looked at as well. No default route.
    pub fn space(&self, known: impl IntoIterator<Item = Prefix>) -> WatchList {
        let mut prefixes: BTreeSet<Prefix> = known.into_iter().collect();
        prefixes.extend(self.own_routes().map(|(prefix, _)| prefix));
        let watch = |prefix: Prefix| Watch::new(prefix, Origins::Any, prefix.length());
        let watches = prefixes.into_iter().filter(|prefix| prefix.length() > 0).map(watch);
        // Each prefix stands in a set once, and none is everything: they cannot contradict each other.
        WatchList::new(watches, self.own.iter().copied()).unwrap_or_default()
    }

    /// What our ASes originate, in order.
    pub fn own_routes(&self) -> impl Iterator<Item = (Prefix, Asn)> + '_ {
        self.routes.keys().filter(|(_, origin)| self.own.contains(origin)).copied()
    }

    /// What others originate, in order.
    pub(crate) fn other_routes(&self) -> impl Iterator<Item = (Prefix, Asn, &RouteSeen)> + '_ {
        let others = self.routes.iter().filter(|((_, origin), _)| !self.own.contains(origin));
        others.map(|((prefix, origin), seen)| (*prefix, *origin, seen))
    }

    /// Whether anybody originates it.
    pub(crate) fn is_seen(&self, prefix: Prefix) -> bool {
        let all = (prefix, Asn::ZERO)..=(prefix, Asn::new(u32::MAX));
        self.routes.range(all).next().is_some()
    }

    pub(crate) fn seen(&self, prefix: Prefix, origin: Asn) -> Option<&RouteSeen> {
        self.routes.get(&(prefix, origin))
    }

    /// How many of the vantage points with a whole table hold it; of those without, where none has one.
    pub fn visibility(&self, prefix: Prefix, origin: Asn) -> Visibility {
        let whole = self.whole_tables(prefix.family());
        let holders = self.seen(prefix, origin).map(|seen| &seen.holders);
        let among = |number: &&usize| whole.contains(*number);
        let holding = holders.map_or(0, |holders| holders.iter().filter(among).count());
        Visibility { holding, total: whole.len() }
    }

    /// Whether vantage points in two ASes hold it; where fewer have a whole table, in as many.
    pub(crate) fn is_seen_widely(&self, prefix: Prefix, origin: Asn) -> bool {
        let holders = self.seen(prefix, origin).map(|seen| self.ases(&seen.holders));
        holders.unwrap_or_default() >= self.ases(&self.whole_tables(prefix.family())).min(2)
    }

    /// In how many ASes these vantage points are.
    fn ases(&self, numbers: &BTreeSet<usize>) -> usize {
        let asn = |number: &usize| self.tables.get(*number).map(|(asn, _)| *asn);
        numbers.iter().filter_map(asn).collect::<BTreeSet<_>>().len()
    }

    /// How many vantage points hold a whole table of this family.
    pub fn vantage_points(&self, family: Family) -> usize {
        self.whole_tables(family).len()
    }

    /// Those with at least half as many routes as the one with the most: who sends a collector only its
    /// customers' routes never held the others.
    fn whole_tables(&self, family: Family) -> BTreeSet<usize> {
        let count = |(_, counts): &(Asn, [u64; 2])| counts[place(family)];
        let most = self.tables.iter().map(count).max().unwrap_or_default();
        let whole = |table: &(Asn, [u64; 2])| count(table) > 0 && count(table) >= most.div_ceil(2);
        self.tables
            .iter()
            .enumerate()
            .filter(|(_, table)| whole(table))
            .map(|(number, _)| number)
            .collect()
    }

    fn number(&mut self, vantage: &Vantage) -> usize {
        if let Some(number) = self.vantages.get(vantage) {
            return *number;
        }
        let number = self.tables.len();
        self.vantages.insert(vantage.clone(), number);
        self.tables.push((vantage.asn, [0; 2]));
        number
    }
}

const fn place(family: Family) -> usize {
    match family {
        Family::Ipv4 => 0,
        Family::Ipv6 => 1,
    }
}

/// Who has the route from us: the first AS to the left of ours.
fn neighbour(own: &BTreeSet<Asn>, path: &AsPath, origin: Asn) -> Option<Asn> {
    let mut ours = origin;
    // Each step goes to the left, so it ends.
    while own.contains(&ours) {
        ours = path.left_neighbour(ours)?;
    }
    Some(ours).filter(|asn| asn.has_noc())
}

use std::collections::BTreeSet;
use std::sync::Arc;

use bgp::{
    Asn, AsnKind, Change, Community, Event, Observation, Prefix, Route, RouteOrigin, Timestamp,
    Vantage,
};

use crate::{
    Finding, Held, IncidentKind, Match, OriginValidation, Origins, OtcLeak, PathState,
    PathVerification, Role, RouteFinding, RouteState, RpkiSnapshot, ValidationState, Vrp, Watch,
    WatchList,
};

/// Lets through the observations that matter, with their verdict.
///
/// Immutable and shared: a finding is a function of the observation, the snapshot and the watch list,
/// but for the one thing that a session must remember ([`OwnPrefixes`](crate::OwnPrefixes)). Other RPKI data make
/// [another one](Self::with_snapshot), and what was found before is the caller's to
/// [`judge`](Self::judge) again.
///
/// ```
/// use std::sync::Arc;
///
/// use bgp::{AsPath, Asn, Route, Vantage, View};
/// use validator::{Classifier, IncidentKind, Origins, RpkiSnapshot, VrpTable, Watch, WatchList};
///
/// let ours = Asn::new(64500);
/// let prefix = "198.18.0.0/21".parse().unwrap();
/// let watch = Watch::new(prefix, Origins::Only(vec![ours]), 21);
/// let watches = WatchList::new(vec![watch], vec![ours]).unwrap();
/// let snapshot = RpkiSnapshot::of(VrpTable::new([]));
/// let classifier = Classifier::new(watches.into(), snapshot.into());
///
/// let (collector, address) = ("rrc00".into(), "192.0.2.1".parse().unwrap());
/// let (asn, view) = (Asn::new(64510), View::AdjRibInPre);
/// let vantage = Vantage { collector, address, asn, view, vrf: None };
/// let route = Route { path: AsPath::sequence([64510, 64666]), ..Route::default() };
/// let held = classifier.judge(prefix, &Arc::new(route), &vantage);
/// assert_eq!(held.matches[0].kind, Some(IncidentKind::OriginHijack));
/// ```
#[derive(Clone, Debug)]
pub struct Classifier {
    watches: Arc<WatchList>,
    snapshot: Arc<RpkiSnapshot>,
    /// VRPs in and around watched space that earlier snapshots had and this one lacks: what they
    /// covered has lost its cover.
    vanished: BTreeSet<Vrp>,
    neighbours: Neighbours,
    /// See [`knows_holders`](Self::knows_holders).
    knows_holders: bool,
}

/// Of so many networks at least VRPs have to say what is theirs: with fewer nothing could be called mass.
const HOLDERS: usize = 11;

/// How the neighbours of our own routers stand to us (RFC 9234 section 3): what a path must not
/// do is told more sharply where that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Our routers, by the name that their vantage points bear ([`Vantage::collector`]). Of any
    /// other collector's peers nothing is known.
    pub routers: Vec<Arc<str>>,
    /// Whom we buy transit from.
    pub providers: Vec<Asn>,
    /// Who buys transit from us.
    pub customers: Vec<Asn>,
}

impl Neighbours {
    fn role(&self, vantage: &Vantage) -> Role {
        let is_ours = self.routers.contains(&vantage.collector);
        match vantage.asn {
            asn if is_ours && self.customers.contains(&asn) => Role::Customer,
            asn if is_ours && self.providers.contains(&asn) => Role::Provider,
            _ => Role::Unknown,
        }
    }
}

impl Classifier {
    /// One that knows no earlier RPKI data, and nothing of the neighbours of our own routers.
    pub fn new(watches: Arc<WatchList>, snapshot: Arc<RpkiSnapshot>) -> Self {
        Classifier {
            watches,
            knows_holders: snapshot.vrps.has_asns(HOLDERS),
            snapshot,
            vanished: BTreeSet::new(),
            neighbours: Neighbours::default(),
        }
    }

    /// The same, knowing the neighbours of our own routers.
    #[must_use]
    pub fn with_neighbours(self, neighbours: Neighbours) -> Self {
        Classifier { neighbours, ..self }
    }

    /// The same with other RPKI data: what only the data before covered has lost its cover.
    #[must_use]
    pub fn with_snapshot(&self, snapshot: Arc<RpkiSnapshot>) -> Self {
        let near = |watch: &Watch| {
            let vrps = &self.snapshot.vrps;
            vrps.covering(watch.prefix).chain(vrps.covered_by(watch.prefix)).collect::<Vec<_>>()
        };
        let mut vanished = self.vanished.clone();
        vanished.extend(self.watches.iter().flat_map(|watch| near(watch)));
        vanished.retain(|vrp| !snapshot.vrps.contains(vrp));
        let knows_holders = snapshot.vrps.has_asns(HOLDERS);
        Classifier { snapshot, vanished, knows_holders, ..self.clone() }
    }

    /// When the first VRP in or around watched space ends, or the first ASPA: then verdicts change although
    /// nobody said anything. None while none does.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let vrps = self.snapshot.vrps.iter_expiry();
        let near = vrps.filter(|(vrp, _)| self.watches.touches(vrp.prefix()));
        let near = near.filter_map(|(_, expires)| expires).min();
        [near, self.snapshot.aspas.next_expiry()].into_iter().flatten().min()
    }

    /// The finding that an observation makes, if it makes one. `known` says that the session has
    /// told before that our AS announces this prefix ([`OwnPrefixes`](crate::OwnPrefixes)).
    pub fn classify(&self, observation: &Observation, known: bool) -> Option<Finding> {
        let (at, vantage) = (observation.at, &observation.vantage);
        let (prefix, path_id, change) = match &observation.event {
            Event::SessionUp => return Some(Finding::SessionUp { at, vantage: vantage.clone() }),
            Event::SessionDown => {
                return Some(Finding::SessionDown { at, vantage: vantage.clone() });
            }
            // It may have been about any route.
            Event::Unreadable => return Some(Finding::Stale { at, vantage: vantage.clone() }),
            Event::Route { prefix, path_id, change } => (*prefix, *path_id, change),
        };
        let found = |state| {
            let vantage = vantage.clone();
            Some(Finding::Route(RouteFinding { at, vantage, prefix, path_id, state }))
        };
        let touches = known || self.matches(prefix);
        match change {
            Change::Withdraw if touches => found(RouteState::Withdrawn),
            Change::Unreadable if touches => found(RouteState::Unreadable),
            Change::Withdraw | Change::Unreadable => None,
            Change::Announce(route) => {
                let origin = route.origin(vantage.asn);
                if touches || self.is_own_origination(prefix, &origin) {
                    return found(RouteState::Held(self.held(prefix, route, origin, vantage)));
                }
                let (origin, holders) = self.offender_activity(prefix, &origin)?;
                Some(Finding::OffenderActivity { at, prefix, origin, holders })
            }
        }
    }

    /// Whether every change of this prefix makes a finding, so that its attributes are worth
    /// decoding: it is in or around watched space.
    ///
    /// Of other prefixes only an announcement can make one, and only by its origin:
    /// [`matches_announcement`](Self::matches_announcement).
    pub fn matches(&self, prefix: Prefix) -> bool {
        self.watches.touches(prefix)
    }

    /// Whether an announcement makes a finding, as far as prefix and origin tell, which is all the
    /// way: for a decoder that reads the origin alone first.
    pub fn matches_announcement(&self, prefix: Prefix, origin: &RouteOrigin) -> bool {
        self.matches(prefix)
            || self.is_own_origination(prefix, origin)
            || self.offender_activity(prefix, origin).is_some()
    }

    /// Whether our AS originates a prefix: outside every watch that is told, and so is its end.
    pub fn is_own_origination(&self, prefix: Prefix, origin: &RouteOrigin) -> bool {
        prefix.length() > 0 && self.is_own(origin)
    }

    /// The verdict on a route that a vantage point holds. Changes
    /// nothing: it serves revalidation too.
    pub fn judge(&self, prefix: Prefix, route: &Arc<Route>, vantage: &Vantage) -> Held {
        self.held(prefix, route, route.origin(vantage.asn), vantage)
    }

    /// Whether the RPKI data say of the space of many networks whose it is, so that they tell what an offender does
    /// to others.
    pub const fn knows_holders(&self) -> bool {
        self.knows_holders
    }

    /// The watch list.
    pub fn watches(&self) -> &Arc<WatchList> {
        &self.watches
    }

    /// The snapshot in use.
    pub fn snapshot(&self) -> &Arc<RpkiSnapshot> {
        &self.snapshot
    }

    fn held(
        &self,
        prefix: Prefix,
        route: &Arc<Route>,
        origin: RouteOrigin,
        vantage: &Vantage,
    ) -> Held {
        let rov = self.snapshot.validate(prefix, &origin);
        let matches = self.touched(prefix, route, &origin, &rov, vantage);
        Held { route: route.clone(), origin, rov, matches }
    }

    /// Every watch that the route touches with the rule that it breaks; the order of the rules
    /// is the order of the calls.
    fn touched(
        &self,
        prefix: Prefix,
        route: &Route,
        origin: &RouteOrigin,
        rov: &OriginValidation,
        vantage: &Vantage,
    ) -> Vec<Match> {
        if let Some(watch) = self.watches.covering(prefix) {
            let leak = || self.leaker(route, vantage);
            return vec![self.inside(watch, prefix, route, origin, rov.state(), leak)];
        }
        // A default route covers every watch and says nothing about any.
        if prefix.length() > 0 {
            let around = self.watches.inside(prefix);
            if !around.is_empty() {
                let kind = |watch: &Watch| around_kind(watch, prefix, origin, rov.state());
                let found = |watch: &Arc<Watch>| Match::new(Some(watch.clone()), kind(watch));
                return around.iter().map(found).collect();
            }
        }
        if self.is_own(origin) && prefix.length() > 0 {
            return vec![Match::new(None, Some(IncidentKind::OwnAsNewPrefix))];
        }
        Vec::new()
    }

    /// What is wrong with a route inside a watch. What is most pressing comes first: at most one
    /// rule is told of each watch.
    fn inside(
        &self,
        watch: &Arc<Watch>,
        prefix: Prefix,
        route: &Route,
        origin: &RouteOrigin,
        rov: ValidationState,
        leaker: impl Fn() -> Option<Asn>,
    ) -> Match {
        let exact = prefix == watch.prefix;
        let found = |kind| Match::new(Some(watch.clone()), kind);
        // A route of the router itself, whose AS its table does not tell: nobody to blame.
        if *origin == RouteOrigin::None {
            return found(None);
        }
        if !watch.announced {
            return found(Some(IncidentKind::Squatting));
        }
        if !watch.origins.allow(origin) {
            return self.foreign(watch, prefix, route, origin);
        }
        let leak = leaker();
        if let Some(stranger) = self.stranger(watch, route, origin) {
            let grave = !exact || leak.is_some();
            let kind = Some(IncidentKind::FirstHop);
            return Match { culprit: Some(stranger), grave, ..found(kind) };
        }
        if let Some(leaker) = leak {
            return Match { culprit: Some(leaker), ..found(Some(IncidentKind::RouteLeak)) };
        }
        let kind = self.of_ours(watch, prefix, origin, rov);
        let first_hop = match watch.upstreams {
            Some(_) => None,
            None => self.first_hop(watch, route, origin),
        };
        Match { first_hop, ..found(kind) }
    }

    /// What is wrong with a route of an allowed origin, apart from its path.
    fn of_ours(
        &self,
        watch: &Watch,
        prefix: Prefix,
        origin: &RouteOrigin,
        rov: ValidationState,
    ) -> Option<IncidentKind> {
        // Which AS stands behind AS_TRANS no VRP can say.
        let expected = self.is_expected(watch, origin) && *origin != RouteOrigin::Trans;
        if prefix.length() > watch.max_length {
            Some(IncidentKind::NewMoreSpecific)
        } else if rov == ValidationState::Invalid && expected {
            Some(IncidentKind::RpkiInvalid)
        } else if rov == ValidationState::NotFound && expected && self.lacks_cover(watch, prefix) {
            Some(IncidentKind::RpkiUncovered)
        } else {
            None
        }
    }

    /// What a route inside a watch is whose origin is not allowed: a hijack, unless it is our own network or
    /// an upstream of ours that let it out.
    fn foreign(
        &self,
        watch: &Arc<Watch>,
        prefix: Prefix,
        route: &Route,
        origin: &RouteOrigin,
    ) -> Match {
        let found = |kind| Match::new(Some(watch.clone()), Some(kind));
        if let Some(ours) = self.in_front_of_private(watch, route, origin) {
            // Whoever forges a path can write a private AS behind ours, too.
            return match self.stranger(watch, route, &RouteOrigin::As(ours)) {
                Some(stranger) => {
                    let culprit = Some(stranger);
                    Match { culprit, grave: true, ..found(IncidentKind::FirstHop) }
                }
                None => Match { culprit: Some(ours), ..found(IncidentKind::UnexpectedDownstream) },
            };
        }
        found(if is_blackhole(watch, prefix, route, origin) {
            IncidentKind::Blackhole
        } else if prefix == watch.prefix {
            IncidentKind::OriginHijack
        } else {
            IncidentKind::SubPrefixHijack
        })
    }

    /// The AS of ours behind which the route comes from private ASes (RFC 6996): whoever uses them is
    /// connected to us, and we did not leave them out.
    fn in_front_of_private(
        &self,
        watch: &Watch,
        route: &Route,
        origin: &RouteOrigin,
    ) -> Option<Asn> {
        let is_ours = |asn: Asn| self.watches.is_operator(asn) || is_listed(watch, asn);
        let is_foreign_private = |asn: Asn| asn.kind() == AsnKind::Private && !is_ours(asn);
        let mut next = origin.asn().filter(|asn| is_foreign_private(*asn))?;
        // Each step leads further to the left.
        while is_foreign_private(next) {
            next = route.path.left_neighbour(next)?;
        }
        is_ours(next).then_some(next)
    }

    /// Whether a route that no VRP covers should be covered: the watch says so, or it was.
    fn lacks_cover(&self, watch: &Watch, prefix: Prefix) -> bool {
        watch.roa_required || self.vanished.iter().any(|vrp| vrp.prefix().covers(&prefix))
    }

    /// Who leaked the route, if OTC (RFC 9234) or ASPA says that it was leaked. A collector does
    /// not say how it stands to its peer; then OTC says nothing, and ASPA's downstream algorithm
    /// is asked, which calls fewer paths invalid.
    fn leaker(&self, route: &Route, vantage: &Vantage) -> Option<Asn> {
        let role = self.neighbours.role(vantage);
        if let Some(leak) = OtcLeak::of(route, vantage.asn, role) {
            return Some(leak.neighbour);
        }
        let aspas = &self.snapshot.aspas;
        if aspas.is_empty() {
            return None;
        }
        // A route server stands between a collector and the first AS of the path.
        let first = route.path.asns().next()?;
        let neighbour = if role == Role::Unknown { first } else { vantage.asn };
        let verification = PathVerification::new(aspas, &route.path, neighbour, role);
        // An AS_SET makes a path invalid too, but nobody leaked it.
        let leaked = verification.state() == PathState::Invalid && verification.flaw.is_none();
        leaked.then(|| verification.evidence().next().map(|step| step.provider))?
    }

    /// Whether the origin is one that the config names, not one that `origins = "any"` lets pass.
    fn is_expected(&self, watch: &Watch, origin: &RouteOrigin) -> bool {
        match &watch.origins {
            Origins::Only(_) => true,
            Origins::Any => {
                let members = origin.members();
                !members.is_empty() && members.iter().all(|asn| self.watches.is_operator(*asn))
            }
        }
    }

    /// The AS next to us, if the watch names who may stand there and it is not one of them.
    fn stranger(&self, watch: &Watch, route: &Route, origin: &RouteOrigin) -> Option<Asn> {
        let upstreams = watch.upstreams.as_ref()?;
        self.first_hop(watch, route, origin).filter(|next| !upstreams.contains(next))
    }

    /// The AS next to us. We may be several ASes in a row, of which one may be an upstream of the others. Where we
    /// are the first AS of the path, nobody stands there.
    fn first_hop(&self, watch: &Watch, route: &Route, origin: &RouteOrigin) -> Option<Asn> {
        let next_to = |asn: Asn| route.path.left_neighbour(asn);
        let mut next = origin.members().iter().find_map(|asn| next_to(*asn))?;
        let is_ours = |asn: Asn| {
            origin.members().contains(&asn)
                || self.watches.is_operator(asn)
                || is_listed(watch, asn)
        };
        let is_upstream = |asn| watch.upstreams.as_ref().is_some_and(|all| all.contains(&asn));
        // Each step leads further to the left.
        while !is_upstream(next) && is_ours(next) {
            next = next_to(next)?;
        }
        Some(next)
    }

    fn is_own(&self, origin: &RouteOrigin) -> bool {
        origin.asn().is_some_and(|asn| self.watches.is_operator(asn))
    }

    /// Whose space the route takes, as RPKI knows it.
    fn offender_activity(&self, prefix: Prefix, origin: &RouteOrigin) -> Option<(Asn, Vec<Asn>)> {
        let asn = origin.asn()?;
        let vrps = &self.snapshot.vrps;
        // Nearly every route is valid or not found, and that costs no allocation.
        if vrps.state(prefix, origin) != ValidationState::Invalid {
            return None;
        }
        let mut holders: Vec<Asn> = vrps.covering(prefix).map(|vrp| vrp.asn()).collect();
        if holders.contains(&asn) {
            return None; // Too specific, but its own.
        }
        holders.retain(|holder| *holder != Asn::ZERO);
        holders.sort_unstable();
        holders.dedup();
        Some((asn, holders))
    }
}

/// Whether an upstream of ours drops traffic to a part of the watch, as it was asked to (RFC 7999): of a prefix
/// so long that others do not route it.
fn is_blackhole(watch: &Watch, prefix: Prefix, route: &Route, origin: &RouteOrigin) -> bool {
    let is_upstream = |asn| watch.upstreams.as_ref().is_some_and(|all| all.contains(&asn));
    prefix.length() > prefix.family().longest_routed()
        && route.communities.contains(&Community::BLACKHOLE)
        && origin.asn().is_some_and(is_upstream)
}

/// What is wrong with a route that covers a watch from outside. The holder of an aggregate, as
/// RPKI knows it, is entitled to announce it, whatever part of it is ours.
fn around_kind(
    watch: &Watch,
    prefix: Prefix,
    origin: &RouteOrigin,
    rov: ValidationState,
) -> Option<IncidentKind> {
    let entitled = watch.origins.allow(origin)
        || watch.aggregates.contains(&prefix)
        || rov == ValidationState::Valid
        || *origin == RouteOrigin::None;
    (!entitled).then_some(IncidentKind::SuperPrefix)
}

/// Whether the watch names this AS among its origins.
fn is_listed(watch: &Watch, asn: Asn) -> bool {
    match &watch.origins {
        Origins::Only(listed) => listed.contains(&asn),
        Origins::Any => false,
    }
}

#[cfg(test)]
mod peers;
#[cfg(test)]
mod tests;

//! What should be watched, and why.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Prefix, RouteOrigin, printable};
use validator::{Announcement, RoaReport, ValidationState, WatchList};

use crate::evidence::{Evidence, Visibility};
use crate::facts::Facts;
use crate::issue::Issue;
use crate::survey::{RouteSeen, Survey};

/// What should be watched, and what looks wrong already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The operator's ASes.
    pub asns: Vec<Asn>,
    /// A watch for each prefix, in order.
    pub watches: Vec<ProposedWatch>,
    /// Who stands next to us on the paths, the most frequent first.
    pub upstreams: Vec<Upstream>,
    /// What looks wrong, by prefix.
    pub issues: Vec<Issue>,
    /// What the proposal rests on, a sentence each.
    pub sources: Vec<String>,
}

/// A watch of one prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedWatch {
    /// What is watched.
    pub prefix: Prefix,
    /// Who may originate it; at least one.
    pub origins: Vec<AllowedOrigin>,
    /// The longest more-specific that is ours; none: the prefix itself.
    pub max_length: Option<u8>,
    /// What a registry calls it; empty where none does.
    pub description: String,
    /// Less-specifics that others announce, with who and where.
    pub aggregates: Vec<(Announcement, Visibility)>,
}

/// Who may originate a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    /// Which AS.
    pub asn: Asn,
    /// Why it may; at least one reason.
    pub evidence: Vec<Evidence>,
}

/// Who stands next to us on the paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its AS.
    pub asn: Asn,
    /// How many of our routes, counted at each vantage point, come through it.
    pub routes: u64,
    /// How many there are.
    pub of: u64,
    /// Whether our ASPA names it; none where we have no ASPA.
    pub in_aspa: Option<bool>,
}

impl Upstream {
    /// The share behind it, in per cent, rounded.
    pub const fn percent(&self) -> u64 {
        (self.routes * 100 + self.of / 2) / if self.of == 0 { 1 } else { self.of }
    }
}

impl Proposal {
    /// What follows from the facts.
    pub fn new(facts: &Facts) -> Self {
        let mut draft = Draft::new(facts);
        draft.own_prefixes();
        draft.other_origins();
        draft.aggregates();
        draft.max_lengths();
        let issues = draft.all_issues();
        let Draft { watches, .. } = draft;
        Proposal {
            asns: facts.asns.clone(),
            watches: watches.into_values().collect(),
            upstreams: facts
                .survey
                .as_ref()
                .map(|survey| upstreams(facts, survey))
                .unwrap_or_default(),
            issues,
            sources: sources(facts),
        }
    }

    /// The upstreams where the tables show enough of them to call any other one unexpected: a collector sees few
    /// of the peers of a network that has many.
    pub fn shows_all_upstreams(&self) -> bool {
        const FEW: usize = 10;
        const ROUTES: u64 = 10;
        let routes = self.upstreams.first().map_or(0, |upstream| upstream.of);
        !self.upstreams.is_empty() && self.upstreams.len() <= FEW && routes >= ROUTES
    }
}

/// A proposal that is being made.
struct Draft<'a> {
    facts: &'a Facts,
    watches: BTreeMap<Prefix, ProposedWatch>,
    issues: BTreeSet<(Prefix, usize)>,
    found: Vec<Issue>,
}

impl<'a> Draft<'a> {
    fn new(facts: &'a Facts) -> Self {
        Draft { facts, watches: BTreeMap::new(), issues: BTreeSet::new(), found: Vec::new() }
    }

    fn issue(&mut self, issue: Issue) {
        self.issues.insert((issue.prefix(), self.found.len()));
        self.found.push(issue);
    }

    fn allow(&mut self, prefix: Prefix, asn: Asn, evidence: Vec<Evidence>) {
        let description = self.description(prefix, asn);
        let watch = self.watches.entry(prefix).or_insert_with(|| ProposedWatch {
            prefix,
            origins: Vec::new(),
            max_length: None,
            description: String::new(),
            aggregates: Vec::new(),
        });
        if watch.description.is_empty() {
            watch.description = description;
        }
        watch.origins.push(AllowedOrigin { asn, evidence });
    }

    /// What we announce, may announce by our ROAs, or are said to announce.
    fn own_prefixes(&mut self) {
        for (prefix, asn) in self.own_candidates() {
            let route = Announcement { prefix, origin: asn };
            let evidence = self.evidence(prefix, asn);
            let only = |kind: fn(&Evidence) -> bool| evidence.iter().all(kind);
            if only(|one| matches!(one, Evidence::Seen(_))) && !self.is_seen_widely(route) {
                let visibility = self.visibility(route);
                self.issue(Issue::Doubtful { route, visibility });
            } else if only(|one| matches!(one, Evidence::RouteObject(_)))
                && self.facts.shows_announcements()
            {
                let source = evidence.into_iter().find_map(|one| match one {
                    Evidence::RouteObject(source) => Some(source),
                    _ => None,
                });
                self.issue(Issue::OnlyRouteObject { route, source: source.unwrap_or_default() });
            } else {
                self.allow(prefix, asn, evidence);
            }
        }
    }

    fn own_candidates(&self) -> BTreeSet<(Prefix, Asn)> {
        let facts = self.facts;
        let own = facts.snapshot.vrps.iter().filter(|vrp| facts.is_own(vrp.asn()));
        let mut candidates: BTreeSet<_> = own.map(|vrp| (vrp.prefix(), vrp.asn())).collect();
        candidates.extend(facts.survey.iter().flat_map(Survey::own_routes));
        candidates.extend(facts.announced.iter().flatten().copied());
        let objects = facts.route_objects.iter().filter(|object| facts.is_own(object.origin));
        candidates.extend(objects.map(|object| (object.prefix, object.origin)));
        candidates.retain(|(prefix, _)| prefix.length() > 0);
        candidates
    }

    fn is_seen_widely(&self, route: Announcement) -> bool {
        let survey = self.facts.survey.as_ref();
        survey.is_none_or(|survey| survey.is_seen_widely(route.prefix, route.origin))
    }

    /// All that says that this AS may originate this prefix.
    fn evidence(&self, prefix: Prefix, asn: Asn) -> Vec<Evidence> {
        let facts = self.facts;
        let mut evidence = Vec::new();
        let rov = facts.snapshot.validate(prefix, &RouteOrigin::As(asn));
        evidence.extend(rov.matched.first().copied().map(Evidence::Vrp));
        let visibility = self.visibility(Announcement { prefix, origin: asn });
        let seen = facts.survey.as_ref().and_then(|survey| survey.seen(prefix, asn));
        evidence.extend(seen.map(|_| Evidence::Seen(visibility)));
        let announced = facts.announced.as_ref().is_some_and(|all| all.contains(&(prefix, asn)));
        evidence.extend(announced.then_some(Evidence::Announced));
        let object =
            facts.route_objects.iter().find(|one| one.prefix == prefix && one.origin == asn);
        evidence.extend(object.map(|object| Evidence::RouteObject(object.source.clone())));
        evidence
    }

    fn visibility(&self, route: Announcement) -> Visibility {
        let survey = self.facts.survey.as_ref();
        let nobody = Visibility { holding: 0, total: 0 };
        survey.map_or(nobody, |survey| survey.visibility(route.prefix, route.origin))
    }

    fn description(&self, prefix: Prefix, asn: Asn) -> String {
        let objects = self.facts.route_objects.iter();
        let described = objects.filter(|object| object.prefix == prefix && object.origin == asn);
        let text = described.map(|object| printable(&object.description).trim().to_owned());
        text.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Who else originates what is ours, or a part of it.
    fn other_origins(&mut self) {
        let facts = self.facts;
        let space: BTreeSet<Prefix> = self.watches.keys().copied().collect();
        // Whoever has a ROA for exactly a prefix of ours may announce it, be it seen now or not.
        let mut entitled = BTreeSet::new();
        for prefix in &space {
            let exact = facts.snapshot.vrps.covering(*prefix).filter(|vrp| vrp.prefix() == *prefix);
            entitled.extend(
                exact.filter(|vrp| self.is_other(vrp.asn())).map(|vrp| (*prefix, vrp.asn())),
            );
        }
        for (prefix, asn) in &entitled {
            let evidence = self.evidence(*prefix, *asn);
            self.allow(*prefix, *asn, evidence);
        }
        let Some(survey) = &facts.survey else { return };
        let list = survey.space(space.iter().copied());
        let inside = |prefix: Prefix| list.covering(prefix).is_some();
        let others = survey.other_routes().filter(|(prefix, ..)| inside(*prefix));
        let others: Vec<_> =
            others.filter(|(prefix, asn, _)| !entitled.contains(&(*prefix, *asn))).collect();
        for (prefix, asn, seen) in others {
            self.judge(Announcement { prefix, origin: asn }, seen);
        }
    }

    fn is_other(&self, asn: Asn) -> bool {
        asn != Asn::ZERO && !self.facts.is_own(asn)
    }

    /// Whether another AS may originate what it is seen to originate in our space.
    fn judge(&mut self, route: Announcement, seen: &RouteSeen) {
        let Announcement { prefix, origin } = route;
        let rov = self.validate(route);
        let visibility = self.visibility(route);
        let mut evidence = self.evidence(prefix, origin);
        if seen.behind_us > 0 {
            evidence.push(Evidence::BehindUs(seen.behind_us));
        }
        let explained = evidence.iter().any(|one| !matches!(one, Evidence::Seen(_)));
        let may_be_right = rov.unknown || rov.state() != ValidationState::Invalid;
        if !explained && may_be_right && visibility.is_wide() {
            evidence.push(Evidence::Unconfirmed);
            self.issue(Issue::Unconfirmed { route, visibility });
        } else if !explained || !(may_be_right || seen.behind_us > 0) {
            return self.issue(Issue::OtherOrigin { route, visibility, rov });
        }
        if !self.watches.contains_key(&prefix) {
            // Its holder, too, may announce a part of what is ours.
            for asn in self.facts.asns.clone() {
                self.allow(prefix, asn, vec![Evidence::Ours(asn)]);
            }
        }
        self.allow(prefix, origin, evidence);
    }

    fn validate(&self, route: Announcement) -> validator::OriginValidation {
        self.facts.snapshot.validate(route.prefix, &RouteOrigin::As(route.origin))
    }

    /// Less-specifics that others announce around our space: known ones are no news.
    fn aggregates(&mut self) {
        let Some(survey) = &self.facts.survey else { return };
        let list = survey.space(self.watches.keys().copied());
        let around = survey.other_routes().filter(|(prefix, ..)| list.covering(*prefix).is_none());
        for (prefix, origin, _) in around.collect::<Vec<_>>() {
            let route = Announcement { prefix, origin };
            let visibility = self.visibility(route);
            let rov = self.validate(route);
            if !rov.unknown && rov.state() == ValidationState::Invalid {
                self.issue(Issue::InvalidAggregate { route, visibility });
                continue;
            }
            for (_, watch) in
                self.watches.range_mut(prefix..).filter(|(watched, _)| prefix.covers(watched))
            {
                watch.aggregates.push((route, visibility));
            }
        }
    }

    /// Where nothing shows what is announced, our ROAs say how long more-specifics of ours may be.
    fn max_lengths(&mut self) {
        if self.facts.shows_announcements() {
            return;
        }
        let facts = self.facts;
        for vrp in facts.snapshot.vrps.iter().filter(|vrp| facts.is_own(vrp.asn())) {
            if let Some(watch) = self.watches.get_mut(&vrp.prefix())
                && vrp.max_length() > watch.prefix.length()
            {
                watch.max_length = watch.max_length.max(Some(vrp.max_length()));
            }
        }
    }

    /// The issues, those of RPKI too, in the order of the prefixes.
    fn all_issues(&mut self) -> Vec<Issue> {
        if self.facts.snapshot.has_data() {
            self.rpki_issues();
        }
        self.issues.iter().filter_map(|(_, number)| self.found.get(*number).cloned()).collect()
    }

    fn rpki_issues(&mut self) {
        let facts = self.facts;
        let own = WatchList::new([], facts.asns.iter().copied()).unwrap_or_default();
        let announced = self.announced();
        let report = RoaReport::new(&facts.snapshot, &own, announced.iter().copied());
        for coverage in report.routes {
            let (route, rov) = (coverage.announcement, coverage.rov);
            match rov.state() {
                ValidationState::Invalid => self.issue(Issue::Invalid { route, rov }),
                ValidationState::NotFound => self.issue(Issue::Uncovered { route }),
                ValidationState::Valid => {}
            }
        }
        if !facts.shows_announcements() {
            return;
        }
        let unused: BTreeSet<_> =
            report.unused.iter().filter(|vrp| facts.is_own(vrp.asn())).copied().collect();
        let exposed = report.exposures.into_iter().filter(|exposure| {
            let vrp = exposure.vrp;
            facts.is_own(vrp.asn())
                && vrp.max_length() > vrp.prefix().length()
                && !unused.contains(&vrp)
        });
        exposed.for_each(|exposure| self.issue(Issue::Exposed(exposure)));
        unused.into_iter().for_each(|vrp| self.issue(Issue::NotAnnounced(vrp)));
    }

    /// What is announced, as far as it shows; where nothing shows it, what may be.
    fn announced(&self) -> BTreeSet<Announcement> {
        let shown =
            |evidence: &Evidence| matches!(evidence, Evidence::Seen(_) | Evidence::Announced);
        let all = !self.facts.shows_announcements();
        let origins = self
            .watches
            .values()
            .flat_map(|watch| watch.origins.iter().map(move |origin| (watch.prefix, origin)));
        let announced = origins.filter(|(_, origin)| all || origin.evidence.iter().any(shown));
        announced.map(|(prefix, origin)| Announcement { prefix, origin: origin.asn }).collect()
    }
}

/// Who stands next to us, over all our routes.
fn upstreams(facts: &Facts, survey: &Survey) -> Vec<Upstream> {
    let mut counts: BTreeMap<Asn, u64> = BTreeMap::new();
    for (prefix, origin) in survey.own_routes() {
        let seen = survey.seen(prefix, origin);
        for (asn, routes) in seen.iter().flat_map(|seen| &seen.neighbours) {
            *counts.entry(*asn).or_default() += routes;
        }
    }
    let of = counts.values().sum();
    let named: Vec<&[Asn]> =
        facts.asns.iter().filter_map(|asn| facts.snapshot.aspas.providers(*asn)).collect();
    let in_aspa = |asn: Asn| {
        (!named.is_empty()).then(|| named.iter().any(|providers| providers.contains(&asn)))
    };
    let upstream = |(asn, routes)| Upstream { asn, routes, of, in_aspa: in_aspa(asn) };
    let mut upstreams: Vec<_> = counts.into_iter().map(upstream).collect();
    upstreams.sort_by_key(|upstream| (std::cmp::Reverse(upstream.routes), upstream.asn));
    upstreams
}

/// What the proposal rests on.
fn sources(facts: &Facts) -> Vec<String> {
    let mut sources = Vec::new();
    match facts.snapshot.has_data() {
        true => sources.push(format!("{} VRPs", facts.snapshot.vrps.len())),
        false => sources.push("no VRPs: nothing is known of RPKI".to_owned()),
    }
    match &facts.survey {
        Some(survey) => {
            let [v4, v6] =
                [bgp::Family::Ipv4, bgp::Family::Ipv6].map(|family| survey.vantage_points(family));
            sources.push(format!("tables of {v4} vantage points for IPv4, {v6} for IPv6"));
        }
        None => sources.push("no table: nothing is known of who announces what".to_owned()),
    }
    if let Some(announced) = &facts.announced {
        sources.push(format!("{} announced prefixes listed by RIPEstat", announced.len()));
    }
    if !facts.route_objects.is_empty() {
        sources.push(format!("{} route objects", facts.route_objects.len()));
    }
    sources
}

#[cfg(test)]
mod tests;

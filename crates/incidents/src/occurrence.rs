//! One time that an incident happened: who held which of its routes, and what became known by it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bgp::{Asn, Family, Prefix, Timestamp, printable};
use serde::{Deserialize, Serialize};
use validator::{Held, IncidentKind, OriginValidation, Severity, Watch};

use crate::changes::Facts;
use crate::evidence::{Evidence, EvidenceLog};
use crate::group_key::{Breach, PartKey};
use crate::pairs;
use crate::route_entry::{RouteEntry, RouteKey, VantageId};
use crate::route_table::VantagePoint;
use crate::rules::Rules;

/// One time that it happened.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Occurrence {
    pub(crate) since: Timestamp,
    pub(crate) last_seen: Timestamp,
    #[serde(with = "pairs")]
    pub(crate) parts: BTreeMap<PartKey, Part>,
    /// Vantage points that hold at least one route, and how many.
    #[serde(with = "pairs")]
    pub(crate) holding: BTreeMap<VantageId, usize>,
    pub(crate) ever: BTreeSet<VantageId>,
    /// Vantage points of which this was the first word about our space.
    #[serde(default)]
    pub(crate) newcomers: BTreeSet<VantageId>,
    /// Vantage points whose routes were given up: not heard of again after a gap.
    #[serde(default)]
    pub(crate) given_up: BTreeSet<VantageId>,
    /// Who stood next to the offender, and at which vantage points that was seen.
    #[serde(with = "pairs")]
    pub(crate) acceptors: BTreeMap<Asn, BTreeSet<VantageId>>,
    pub(crate) known: Facts,
    pub(crate) evidence: EvidenceLog,
    /// How often it came back before it was resolved.
    #[serde(default)]
    pub(crate) returns: usize,
    /// Since when enough hold or held it, while it is not told yet: holders gather.
    #[serde(default)]
    pub(crate) gathering_since: Option<Timestamp>,
    /// Of a condition whether it lasts; never set of what routes do.
    #[serde(default)]
    pub(crate) active: bool,
    /// The watches of which more may be held than when it was last asked whether enough hold one.
    #[serde(skip)]
    touched: BTreeSet<Option<Prefix>>,
}

/// One announced prefix and the watch that it touches.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) kind: IncidentKind,
    #[serde(default)]
    pub(crate) grave: bool,
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) rov: OriginValidation,
    /// The path identifier keeps ADD-PATH routes apart.
    pub(crate) holders: BTreeSet<(VantageId, u32)>,
}

impl Occurrence {
    /// It begins, and nobody holds any of it yet.
    pub(crate) fn new(at: Timestamp) -> Self {
        Occurrence {
            since: at,
            last_seen: at,
            parts: BTreeMap::new(),
            holding: BTreeMap::new(),
            ever: BTreeSet::new(),
            newcomers: BTreeSet::new(),
            given_up: BTreeSet::new(),
            acceptors: BTreeMap::new(),
            known: Facts::default(),
            evidence: EvidenceLog::default(),
            returns: 0,
            gathering_since: None,
            active: false,
            touched: BTreeSet::new(),
        }
    }

    /// A vantage point holds a route that breaks the rule.
    pub(crate) fn hold(
        &mut self,
        key: RouteKey,
        row: &RouteEntry,
        breach: Breach,
        vantage_point: &VantagePoint,
        rules: &Rules,
        offenders: &[Asn],
    ) {
        let RouteEntry { held, at, .. } = row;
        self.since = self.since.min(*at);
        self.last_seen = self.last_seen.max(*at);
        self.learn(key.vantage, held, &breach, vantage_point, rules, offenders);
        self.touched.insert(breach.part.watched);
        let part = self.parts.entry(breach.part).or_insert_with(|| Part {
            kind: breach.kind,
            grave: false,
            watch: None,
            rov: OriginValidation::default(),
            holders: BTreeSet::new(),
        });
        part.kind = breach.kind;
        part.grave |= breach.grave;
        part.watch = breach.watch;
        part.rov.clone_from(&held.rov);
        if part.holders.insert((key.vantage, key.path_id)) {
            *self.holding.entry(key.vantage).or_default() += 1;
            self.ever.insert(key.vantage);
            if vantage_point.routes_told == 1 {
                self.newcomers.insert(key.vantage);
            }
            self.given_up.remove(&key.vantage);
            self.evidence.push(Evidence {
                at: *at,
                collector: printable(&vantage_point.vantage.collector),
                peer_ip: vantage_point.vantage.address,
                peer_asn: vantage_point.vantage.asn,
                country: vantage_point.country,
                prefix: key.prefix,
                as_path: held.route.path.to_string(),
            });
        }
    }

    /// The parts of each watch of which more may be held than at the last call. An offender may touch
    /// thousands, and each finding one of them.
    pub(crate) fn take_touched(&mut self) -> Vec<Vec<&Part>> {
        // The order of prefixes begins with it.
        let first = |watched| PartKey { watched, announced: Prefix::from_bits(Family::Ipv4, 0, 0) };
        let parts = |watched: Option<Prefix>| {
            let parts = self.parts.range(first(watched)..);
            parts.take_while(move |(key, _)| key.watched == watched).map(|(_, part)| part)
        };
        let touched = std::mem::take(&mut self.touched);
        touched.into_iter().map(|watched| parts(watched).collect()).collect()
    }

    /// Where the routes stand that it is made of.
    pub(crate) fn held_at(&self) -> impl Iterator<Item = RouteKey> + use<'_> {
        let parts = self.parts.iter();
        parts.flat_map(|(key, part)| part.holders.iter().map(|holder| key.row(*holder)))
    }

    /// Takes from a route what can change.
    fn learn(
        &mut self,
        vantage: VantageId,
        held: &Held,
        breach: &Breach,
        vantage_point: &VantagePoint,
        rules: &Rules,
        offenders: &[Asn],
    ) {
        let asn = vantage_point.vantage.asn;
        let path = &held.route.path;
        self.known.prefixes.insert(breach.part.announced);
        let severity = breach.kind.severity(held.rov.state(), breach.grave);
        self.known.severity = self.known.severity.max(Some(severity));
        for offender in offenders {
            // A route server does not stand on the path: then the vantage AS itself took it.
            let acceptor = path.left_neighbour(*offender).unwrap_or(asn);
            if acceptor != *offender {
                self.acceptors.entry(acceptor).or_default().insert(vantage);
                // A change is told only of whom the notice names.
                let named = acceptor.has_noc() && !rules.own_asns.contains(&acceptor);
                self.known.acceptors.extend(named.then_some(acceptor));
            }
        }
        if rules.country.is_some() && vantage_point.country == rules.country {
            self.known.home = rules.country;
        }
        let hops = path.asns().chain([asn]).filter(|hop| !offenders.contains(hop));
        self.known.upstreams.extend(hops.filter(|hop| rules.upstreams.contains(hop)));
    }

    /// A vantage point does not hold it any more.
    pub(crate) fn release(&mut self, at: Timestamp, key: RouteKey, part: PartKey) {
        let Some(part) = self.parts.get_mut(&part) else { return };
        if !part.holders.remove(&(key.vantage, key.path_id)) {
            return;
        }
        self.last_seen = self.last_seen.max(at);
        if let Some(count) = self.holding.get_mut(&key.vantage) {
            *count -= 1;
            if *count == 0 {
                self.holding.remove(&key.vantage);
            }
        }
    }
}

impl Part {
    pub(crate) fn severity(&self) -> Severity {
        self.kind.severity(self.rov.state(), self.grave)
    }
}

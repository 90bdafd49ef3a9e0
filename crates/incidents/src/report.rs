//! An incident and the tables behind it, made into a notice that stands on its own.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Timestamp};
use validator::IncidentKind;

use crate::advice::advice;
use crate::changes::IncidentChange;
use crate::history::{History, Past};
use crate::incident::Incident;
use crate::notice::{
    Acceptor, Advice, AffectedPrefix, Home, Notice, Reason, Upstream, VantageCounts,
};
use crate::offender_activity::{OffenderActivity, window_start};
use crate::route_entry::VantageId;
use crate::route_table::RouteTable;
use crate::{AsDirectory, Country, Rules, Sources};
use bgp::printable;

/// Prefixes that a notice lists: what a person can read, and a mail can carry.
const LISTED_PREFIXES: usize = 200;
/// Earlier events of the offender that a notice lists.
const LISTED_RECORD: usize = 20;
/// What a notice is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reporter<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) directory: &'a AsDirectory,
    pub(crate) sources: &'a Sources,
    pub(crate) routes: &'a RouteTable,
    pub(crate) offender_activity: &'a OffenderActivity,
    pub(crate) history: &'a History,
}

impl Reporter<'_> {
    /// None only of an incident without any part, which has nothing to tell.
    pub(crate) fn report(
        &self,
        incident: &Incident,
        at: Timestamp,
        reason: Reason,
        sequence: u32,
        changes: Vec<IncidentChange>,
    ) -> Option<Notice> {
        let occurrence = &incident.occurrence;
        let party = |asn: &Asn| self.directory.recipient(*asn);
        let over = reason == Reason::Resolved;
        Some(Notice {
            incident: incident.id.clone(),
            sequence,
            update: if reason == Reason::Update { incident.updates } else { 0 },
            reason,
            state: incident.state(),
            kind: incident.kind()?,
            severity: occurrence.known.severity?,
            at,
            first_seen: incident.first_seen,
            since: occurrence.since,
            last_seen: if incident.lasts() { at } else { occurrence.last_seen },
            flapping: incident.flapping(),
            subject: printable(&incident.group_key.subject),
            details: self.details(incident, over),
            own: self.is_own(&incident.group_key.offenders),
            offenders: incident.group_key.offenders.iter().map(party).collect(),
            prefixes: self.prefixes(incident),
            prefix_count: occurrence.parts.len(),
            vantage: self.vantage(incident, over),
            let_out_by_us: self.is_let_out_by_us(incident),
            accepted_by: self.acceptors(incident),
            upstreams: self.upstreams(incident),
            extent: self.offender_activity.extent(
                &incident.group_key.offenders,
                window_start(occurrence.since),
                window_start(incident.first_seen),
                self.sources.others.by(at, &incident.group_key.offenders),
            ),
            record: self.record(incident),
            changes,
            feeds: self.sources.feeds_since(occurrence.since),
            rpki: self.sources.rpki.clone(),
            clock: self.sources.clock,
            advice: self.advice(incident),
            evidence: occurrence.evidence.iter().cloned().collect(),
            evidence_count: occurrence.evidence.count,
        })
    }

    /// How few carried our prefix is not so any more when they do again.
    fn details(&self, incident: &Incident, over: bool) -> Vec<String> {
        if over && incident.kind() == Some(IncidentKind::VisibilityLoss) {
            return Vec::new();
        }
        incident.occurrence.known.details.iter().cloned().collect()
    }

    /// Without RPKI data nobody knows which ROA is missing.
    fn advice(&self, incident: &Incident) -> Advice {
        let parts = &incident.occurrence.parts;
        let advice = advice(parts, &incident.group_key.offenders, &self.rules.own_asns);
        match self.sources.rpki {
            Some(_) => advice,
            None => Advice { roas: Vec::new(), ..advice },
        }
    }

    fn is_own(&self, asns: &[Asn]) -> bool {
        !asns.is_empty() && asns.iter().all(|asn| self.rules.own_asns.contains(asn))
    }

    /// Whether our own AS took the route from the offender and passed it on.
    fn is_let_out_by_us(&self, incident: &Incident) -> bool {
        let acceptors = &incident.occurrence.acceptors;
        self.rules.own_asns.iter().any(|own| acceptors.contains_key(own))
    }

    fn prefixes(&self, incident: &Incident) -> Vec<AffectedPrefix> {
        let parts = incident.occurrence.parts.iter().take(LISTED_PREFIXES);
        let affected = parts.map(|(key, part)| AffectedPrefix {
            watched: key.watched,
            description: part.watch.as_ref().map(|w| w.description.clone()).unwrap_or_default(),
            announced: key.announced,
            kind: part.kind,
            holding: part.holders.iter().map(|(id, _)| id).collect::<BTreeSet<_>>().len(),
            rov: part.rov.clone(),
        });
        affected.collect()
    }

    /// Of a loss of visibility: who carries the prefix, and of how many that had it.
    fn carriers(&self, incident: &Incident) -> Option<(BTreeSet<VantageId>, usize)> {
        if incident.kind() != Some(IncidentKind::VisibilityLoss) {
            return None;
        }
        let mut parts = incident.occurrence.parts.keys();
        parts.find_map(|key| self.routes.carriers(key.announced))
    }

    fn vantage(&self, incident: &Incident, over: bool) -> VantageCounts {
        let occurrence = &incident.occurrence;
        let held: BTreeSet<VantageId> = occurrence.holding.keys().copied().collect();
        // Of our own prefix those count that carry it, of those that had it; else those that hold it.
        let carriers = self.carriers(incident);
        let is_ours = carriers.is_some();
        let (holding, total) = carriers.unwrap_or((held, self.routes.total()));
        let shown = if over && !is_ours { &occurrence.ever } else { &holding };
        let country = |id: &VantageId| self.routes.vantage_point(*id).and_then(|s| s.country);
        let mut by_country: BTreeMap<Country, usize> = BTreeMap::new();
        for country in shown.iter().filter_map(country) {
            *by_country.entry(country).or_default() += 1;
        }
        let home = self.rules.country.map(|home| Home {
            country: home,
            holding: by_country.get(&home).copied().unwrap_or(0),
            total: self.routes.vantage_points().filter(|(_, s)| s.country == Some(home)).count(),
        });
        let known = total.saturating_sub(shown.intersection(&occurrence.newcomers).count());
        let ases: BTreeSet<Asn> = holding.iter().filter_map(|id| self.routes.asn(*id)).collect();
        VantageCounts {
            holding: holding.len(),
            holding_ases: ases.len(),
            unconfirmed: incident.stale_vantages(self.routes),
            given_up: occurrence.given_up.len(),
            ever: occurrence.ever.len(),
            total,
            at_least: !is_ours && known < shown.len(),
            by_country,
            home,
        }
    }

    fn acceptors(&self, incident: &Incident) -> Vec<Acceptor> {
        let occurrence = &incident.occurrence;
        let ever = occurrence.ever.len().max(1);
        let is_other = |asn: &Asn| asn.has_noc() && !self.rules.own_asns.contains(asn);
        let mut acceptors: Vec<(usize, Asn)> = occurrence
            .acceptors
            .iter()
            .filter(|(asn, _)| is_other(asn))
            .map(|(asn, seen)| (seen.len(), *asn))
            .collect();
        acceptors.sort_by_key(|(seen, asn)| (std::cmp::Reverse(*seen), *asn));
        let share = |seen: usize| (seen as f64 / ever as f64 * 1000.0).round() / 1000.0;
        let named =
            |(seen, asn)| Acceptor { party: self.directory.recipient(asn), share: share(seen) };
        acceptors.into_iter().map(named).collect()
    }

    /// An upstream that is itself at fault is told as such, and not asked whether it took the route.
    fn upstreams(&self, incident: &Incident) -> Vec<Upstream> {
        let others = |asn: &&Asn| !incident.group_key.offenders.contains(asn);
        let known = &incident.occurrence.known.upstreams;
        let upstream = |asn: &Asn| Upstream {
            party: self.directory.party(*asn),
            affected: known.contains(asn),
        };
        self.rules.upstreams.iter().filter(others).map(upstream).collect()
    }

    /// Earlier times of this incident and earlier incidents of any of its offenders, the latest
    /// first.
    fn record(&self, incident: &Incident) -> Vec<Past> {
        let earlier = self.history.of(&incident.group_key.offenders);
        let record = incident.past.iter().rev().chain(earlier);
        record.take(LISTED_RECORD).cloned().collect()
    }
}

//! The incidents as they stand, read only.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use bgp::{Asn, Prefix, Route, Timestamp, Vantage, printable};
use serde::{Deserialize, Serialize};
use validator::{Finding, Held, IncidentKind, RouteFinding, RouteState, Severity};

use crate::group_key::{Class, GroupKey};
use crate::incident::{Incident, State};
use crate::incident_id::IncidentId;
use crate::notice::{Notice, Reason};
use crate::report::Reporter;
use crate::route_entry::{RouteEntry, RouteKey};
use crate::{FirstHop, Party, Sources};

/// An incident in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentSummary {
    /// The id as in its notices.
    pub incident: IncidentId,
    /// Where it stands.
    pub state: State,
    /// The most serious kind in it.
    pub kind: IncidentKind,
    /// The most serious severity.
    pub severity: Option<Severity>,
    /// The ASes at fault; none of a condition.
    pub offenders: Vec<Party>,
    /// What was announced.
    pub prefixes: Vec<Prefix>,
    /// Of what, where it is not about routes: a feed, a router, a trust anchor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// First sight, over all times that it happened.
    pub first_seen: Timestamp,
    /// Last sight: now, while it lasts.
    pub last_seen: Timestamp,
    /// How many vantage points hold it now.
    pub holding: usize,
    /// How many vantage points are up.
    pub total: usize,
}

/// The incidents as they stand, of [`Incidents::view`](crate::Incidents::view).
#[derive(Clone, Copy, Debug)]
pub struct IncidentView<'a> {
    reporter: Reporter<'a>,
    now: Timestamp,
    incidents: &'a BTreeMap<GroupKey, Incident>,
}

impl<'a> IncidentView<'a> {
    pub(crate) const fn new(
        reporter: Reporter<'a>,
        now: Timestamp,
        incidents: &'a BTreeMap<GroupKey, Incident>,
    ) -> Self {
        IncidentView { reporter, now, incidents }
    }

    /// The vantage points that are up, be it that they have said something of our space or not.
    pub fn vantages(&self) -> Vec<Vantage> {
        self.reporter
            .routes
            .vantage_points()
            .map(|(_, vantage_point)| vantage_point.vantage.clone())
            .collect()
    }

    /// What is wrong beside routes: each condition that was told and is not over, with its subject.
    pub fn conditions(&self) -> Vec<(IncidentKind, String)> {
        let active = self.incidents.iter().filter(|(_, incident)| incident.occurrence.active);
        let condition = active.filter_map(|(group_key, _)| match group_key.class {
            Class::Other(kind) => Some((kind, group_key.subject.to_string())),
            Class::Hijack => None,
        });
        condition.filter(|(_, subject)| !subject.is_empty()).collect()
    }

    /// The latest time that the engine was told.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The data sources, as the engine was told of them last.
    pub const fn sources(&self) -> &'a Sources {
        self.reporter.sources
    }

    /// An incident as it stands at `now`, under the number of its last notice; none of one that
    /// was never told, or is over for good.
    pub fn look(&self, now: Timestamp, id: &IncidentId) -> Option<Notice> {
        let incident = self.by_id(id).filter(|incident| incident.sequence > 0)?;
        let (reason, sequence) = (Reason::Reminder, incident.sequence - 1);
        self.reporter.report(incident, now, reason, sequence, Vec::new())
    }

    /// Whether an incident is about an AS next to us that [`accept`](crate::Incidents::accept) can be said of.
    pub fn can_be_accepted(&self, id: &IncidentId) -> bool {
        self.by_id(id).is_some_and(|incident| incident.first_hops().next().is_some())
    }

    /// Who stands next to us on the paths to this watched prefix: learned from what was seen, or accepted.
    pub fn first_hops(&self, watched: Prefix) -> Vec<FirstHop> {
        self.reporter.routes.first_hops(watched)
    }

    /// What an incident is about that contains the address.
    pub fn covering(&self, id: &IncidentId, address: IpAddr) -> Option<Prefix> {
        let mut prefixes = self.by_id(id)?.occurrence.known.prefixes.iter();
        prefixes.find(|prefix| prefix.contains(address)).copied()
    }

    /// How many vantage points hold a route to exactly this prefix by this origin.
    pub fn holders(&self, prefix: Prefix, origin: Asn) -> usize {
        let by = |row: &RouteEntry| row.held.origin.members() == [origin];
        let rows = self.reporter.routes.rows().filter(|(key, row)| key.prefix == prefix && by(row));
        rows.map(|(key, _)| key.vantage).collect::<BTreeSet<_>>().len()
    }

    /// The findings that judging every current route again makes: of those whose verdict differs.
    pub fn judged_anew(
        &self,
        now: Timestamp,
        judge: impl Fn(Prefix, &Arc<Route>, &Vantage) -> Held,
    ) -> Vec<Finding> {
        let judged = self.reporter.routes.rows().filter_map(|(key, row)| {
            let vantage = &self.reporter.routes.vantage_point(key.vantage)?.vantage;
            let held = judge(key.prefix, &row.held.route, vantage);
            (held != row.held).then(|| {
                // What is stale stays so: nobody has told of it.
                let is_certain = row.stale_since.is_none();
                let state =
                    if is_certain { RouteState::Held(held) } else { RouteState::Restored(held) };
                let vantage = vantage.clone();
                let RouteKey { prefix, path_id, .. } = *key;
                Finding::Route(RouteFinding { at: now, vantage, prefix, path_id, state })
            })
        });
        judged.collect()
    }

    /// Every incident that is not over for good, suspected ones too while somebody holds them, in a stable
    /// order.
    pub fn summaries(&self) -> Vec<IncidentSummary> {
        self.sorted(|incident| incident.state() != State::Suspected || incident.lasts())
    }

    /// Of these incidents those that are not over for good.
    pub fn summaries_of(&self, ids: &BTreeSet<IncidentId>) -> Vec<IncidentSummary> {
        let asked = self.incidents.values().filter(|incident| ids.contains(&incident.id));
        asked.filter_map(|incident| self.summary(incident)).collect()
    }

    /// The incidents that are open or clearing.
    pub fn open(&self) -> Vec<IncidentSummary> {
        self.sorted(|incident| matches!(incident.state(), State::Open | State::Clearing))
    }

    fn sorted(&self, is_asked: impl Fn(&Incident) -> bool) -> Vec<IncidentSummary> {
        let asked = self.incidents.values().filter(|incident| is_asked(incident));
        let mut summaries: Vec<_> = asked.filter_map(|incident| self.summary(incident)).collect();
        summaries.sort_by(|a, b| (a.first_seen, &a.incident).cmp(&(b.first_seen, &b.incident)));
        summaries
    }

    fn by_id(&self, id: &IncidentId) -> Option<&Incident> {
        self.incidents.values().find(|incident| incident.id == *id)
    }

    fn summary(&self, incident: &Incident) -> Option<IncidentSummary> {
        let occurrence = &incident.occurrence;
        Some(IncidentSummary {
            incident: incident.id.clone(),
            state: incident.state(),
            kind: incident.kind()?,
            severity: occurrence.known.severity,
            offenders: incident
                .group_key
                .offenders
                .iter()
                .map(|a| self.reporter.directory.party(*a))
                .collect(),
            prefixes: occurrence.known.prefixes.iter().copied().collect(),
            subject: printable(&incident.group_key.subject),
            first_seen: incident.first_seen,
            last_seen: if incident.lasts() { self.now } else { occurrence.last_seen },
            holding: occurrence.holding.len(),
            total: self.reporter.routes.total(),
        })
    }
}

//! One incident, from first sight to resolved and perhaps reopened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bgp::{Asn, Timestamp, Vantage, printable};
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, OriginValidation, Severity, ValidationState, Watch};

use crate::changes::{Facts, IncidentChange, changes};
use crate::group_key::{Breach, Class, GroupKey, PartKey};
use crate::history::{Flapping, Past};
use crate::incident_id::IncidentId;
use crate::occurrence::{Occurrence, Part};
use crate::offender_activity::{OffenderActivity, window_start};
use crate::route_entry::{RouteEntry, RouteKey, VantageId};
use crate::route_table::{RouteTable, VantagePoint};
use crate::rules::{Rules, are_enough};

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Too few vantage ASes hold the route: shown, never mailed.
    Suspected,
    /// Enough vantage ASes hold or held the route at the same time.
    Open,
    /// Nobody holds the route any more, but it may come back.
    Clearing,
    /// Nobody held the route for long enough.
    Resolved,
}

impl State {
    /// The name as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            State::Suspected => "suspected",
            State::Open => "open",
            State::Clearing => "clearing",
            State::Resolved => "resolved",
        }
    }
}

/// Within so long before it began again an earlier time counts as flapping ..
const FLAPPING_WITHIN: Duration = Duration::from_secs(6 * 3600);
/// .. if there were so many of them. Then it must be quiet this many times as long to be over.
const FLAPPING_AFTER: usize = 2;
const FLAPPING_QUIET: u32 = 4;

/// After a first update that did not wait, the next one that does not waits so long, and each further one
/// twice as long, up to the interval of all updates: a leak that reaches hundreds of our prefixes, one
/// after the other, must not make as many mails.
const PROMPT_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Past this share of the vantage points, in percent, an incident opens without waiting for more.
const SPREAD_ENOUGH: usize = 10;

/// Where an incident stands, with what that state alone needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    Suspected,
    Open,
    /// Routes are there as far as anybody knows, but since a gap nobody knows for certain.
    #[serde(rename = "doubtful")]
    Stale,
    Clearing {
        since: Timestamp,
    },
    Resolved {
        at: Timestamp,
    },
}

/// One incident: the routes or the condition that have its group key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) id: IncidentId,
    #[serde(rename = "story")]
    pub(crate) group_key: GroupKey,
    pub(crate) phase: Phase,
    pub(crate) first_seen: Timestamp,
    pub(crate) occurrence: Occurrence,
    /// Earlier occurrences, the oldest first.
    pub(crate) past: Vec<Past>,
    /// The number of the next notice.
    pub(crate) sequence: u32,
    /// Updates since it opened or reopened.
    pub(crate) updates: u32,
    /// Updates in a row that did not wait for the interval of updates.
    #[serde(default)]
    prompt_updates: u32,
    #[serde(rename = "told_at")]
    pub(crate) notified_at: Timestamp,
    #[serde(rename = "told")]
    notified: Facts,
}

/// Whether enough distinct vantage ASes hold one of these parts, all of one watch.
fn hold_enough(parts: &[&Part], routes: &RouteTable, rules: &Rules) -> bool {
    let mut by_threshold: BTreeMap<u32, BTreeSet<Asn>> = BTreeMap::new();
    for part in parts {
        // Those stale since a gap count: a second without a feed must not hide a hijack.
        let holders = part.holders.iter().filter_map(|(id, _)| routes.vantage_point(*id));
        for Vantage { collector, asn, .. } in holders.map(|holder| &holder.vantage) {
            let threshold = rules.threshold(part.watch.as_deref(), collector);
            by_threshold.entry(threshold).or_default().insert(*asn);
        }
    }
    are_enough(&by_threshold)
}

impl Incident {
    pub(crate) fn new(id: IncidentId, group_key: GroupKey, at: Timestamp) -> Self {
        Incident {
            id,
            group_key,
            phase: Phase::Suspected,
            first_seen: at,
            occurrence: Occurrence::new(at),
            past: Vec::new(),
            sequence: 0,
            updates: 0,
            prompt_updates: 0,
            notified_at: at,
            notified: Facts::default(),
        }
    }

    /// A vantage point holds a route that breaks the rule. Called again for a changed route.
    pub(crate) fn hold(
        &mut self,
        key: RouteKey,
        row: &RouteEntry,
        breach: Breach,
        vantage_point: &VantagePoint,
        rules: &Rules,
    ) {
        let is_over = matches!(self.phase, Phase::Resolved { .. })
            && self.occurrence.holding.is_empty()
            && self.occurrence.gathering_since.is_none();
        if is_over {
            self.occurrence = Occurrence::new(row.at);
        }
        self.first_seen = self.first_seen.min(row.at);
        self.occurrence.hold(key, row, breach, vantage_point, rules, &self.group_key.offenders);
    }

    /// A condition holds or is over, and has this to say.
    pub(crate) fn set_condition(
        &mut self,
        at: Timestamp,
        kind: IncidentKind,
        details: Vec<String>,
        active: bool,
    ) {
        if active && !self.occurrence.active && matches!(self.phase, Phase::Resolved { .. }) {
            self.occurrence = Occurrence::new(at);
        }
        let occurrence = &mut self.occurrence;
        if active || occurrence.active {
            occurrence.last_seen = at;
        }
        occurrence.active = active;
        if kind == IncidentKind::VisibilityLoss && active {
            // Counts go up and down: the latest ones are true.
            occurrence.known.details.clear();
        }
        occurrence.known.details.extend(details.iter().map(|detail| printable(detail)));
        let severity = kind.severity(ValidationState::NotFound, false);
        occurrence.known.severity = occurrence.known.severity.max(Some(severity));
    }

    /// A condition is about this prefix of ours.
    pub(crate) fn concerns(&mut self, watch: Arc<Watch>, rov: OriginValidation) {
        let Class::Other(kind) = self.group_key.class else { return };
        let key = PartKey { watched: Some(watch.prefix), announced: watch.prefix };
        let (watch, holders) = (Some(watch), BTreeSet::new());
        self.occurrence.known.prefixes.insert(key.announced);
        self.occurrence.parts.insert(key, Part { kind, grave: false, watch, rov, holders });
    }

    /// Whether it lasts: somebody holds a route, or the condition does.
    pub(crate) fn lasts(&self) -> bool {
        self.occurrence.active || !self.occurrence.holding.is_empty()
    }

    /// Whether it lasts for certain: nothing of it has to be believed across a gap.
    pub(crate) fn is_certain(&self, routes: &RouteTable) -> bool {
        match routes.has_stale() {
            true => {
                self.occurrence.active
                    || self.occurrence.held_at().any(|key| routes.is_certain(&key))
            }
            false => self.lasts(),
        }
    }

    /// The vantage points that hold it as far as anybody knows, but not for certain.
    pub(crate) fn stale_vantages(&self, routes: &RouteTable) -> usize {
        if !routes.has_stale() {
            return 0;
        }
        let certain: BTreeSet<VantageId> = self
            .occurrence
            .held_at()
            .filter(|key| routes.is_certain(key))
            .map(|key| key.vantage)
            .collect();
        self.occurrence.holding.len() - certain.len()
    }

    /// The route of a vantage point is believed no longer: it was not heard of since a gap.
    pub(crate) fn give_up(&mut self, at: Timestamp, key: RouteKey, part: PartKey) {
        self.occurrence.release(at, key, part);
        self.occurrence.given_up.insert(key.vantage);
    }

    /// A vantage point does not hold it any more.
    pub(crate) fn release(&mut self, at: Timestamp, key: RouteKey, part: PartKey) {
        self.occurrence.release(at, key, part);
    }

    /// The strangers that stand next to us; none of another kind.
    pub(crate) fn first_hops(&self) -> impl Iterator<Item = Asn> + use<'_> {
        let is_of_hops = self.group_key.class == Class::Other(IncidentKind::FirstHop);
        self.group_key.offenders.iter().copied().filter(move |_| is_of_hops)
    }

    /// Whether enough distinct vantage ASes hold a breach of one watch at the same time; of those that did not
    /// change it is known that they do not.
    fn reaches_threshold(&mut self, routes: &RouteTable, rules: &Rules) -> bool {
        let active = self.occurrence.active;
        let touched = self.occurrence.take_touched();
        active || touched.iter().any(|parts| hold_enough(parts, routes, rules))
    }

    /// Whether it is to be told now. Where enough hold it, but more may be about to, holders gather from now
    /// on.
    pub(crate) fn is_ripe(&mut self, now: Timestamp, routes: &RouteTable, rules: &Rules) -> bool {
        // Where they gather, enough held it at the same time.
        let gathers = self.occurrence.gathering_since.is_some();
        let reached = gathers || self.reaches_threshold(routes, rules);
        let at_once = reached && self.opens_at_once(routes, rules);
        if reached && !at_once {
            self.occurrence.gathering_since.get_or_insert(now);
        }
        at_once
    }

    /// Whether nothing is gained by waiting for more holders before it is told: many hold it already, or
    /// one that is believed alone, or it is no route at all.
    fn opens_at_once(&self, routes: &RouteTable, rules: &Rules) -> bool {
        let Occurrence { active, holding, newcomers, .. } = &self.occurrence;
        let holders = || holding.keys().filter_map(|id| routes.vantage_point(*id));
        let total = routes.total();
        // Of vantage points that nobody heard of before, nobody knows of how many they are a part.
        let new = || holding.keys().filter(|id| newcomers.contains(id)).count();
        let is_share_known = || total.saturating_sub(new()) >= holding.len();
        *active
            || rules.open_after.is_zero()
            || holding.len() * 100 > SPREAD_ENOUGH * total && is_share_known()
            || holders().any(|holder| rules.is_believed_alone(&holder.vantage.collector))
    }

    /// Takes from the tables what can change: spread, mass, an own route that was lost.
    pub(crate) fn learn_from_tables(
        &mut self,
        routes: &RouteTable,
        offender_activity: &OffenderActivity,
    ) {
        let covers_lost_route = self.covers_lost_route(routes);
        let occurrence = &mut self.occurrence;
        let known = &mut occurrence.known;
        known.note_spread(occurrence.holding.len(), routes.total());
        known.mass = known.mass
            || offender_activity.is_mass(&self.group_key.offenders, window_start(occurrence.since));
        if covers_lost_route {
            known.severity = known.severity.max(Some(Severity::Warning));
        }
    }

    /// Whether it is a less-specific over a prefix whose own route was lost somewhere.
    fn covers_lost_route(&self, routes: &RouteTable) -> bool {
        self.group_key.class == Class::Other(IncidentKind::SuperPrefix)
            && self.occurrence.parts.keys().any(|key| routes.is_lost(key.ours()))
    }

    /// What is known and was not told yet. What a flapping condition says of itself is the same again
    /// and again.
    pub(crate) fn changes(&self) -> Vec<IncidentChange> {
        let mut changes = changes(&self.notified, &self.occurrence.known);
        if self.flapping().is_some() {
            changes.retain(|change| !matches!(change, IncidentChange::Detail(_)));
        }
        changes
    }

    /// Whether it became more serious than what was told: that does not wait.
    pub(crate) fn is_more_serious_than_notified(&self) -> bool {
        self.occurrence.known.severity > self.notified.severity
    }

    /// How long nothing of it must be seen before it is resolved.
    fn quiet(&self, rules: &Rules) -> Duration {
        let times = if self.flapping().is_some() { FLAPPING_QUIET } else { 1 };
        rules.resolve_after.saturating_mul(times)
    }

    /// Where it was resolved and came back again and again: how often it was there, and since when.
    pub(crate) fn flapping(&self) -> Option<Flapping> {
        let began = self.occurrence.since;
        // Asked with each finding: only the last hours are walked.
        let recent =
            self.past.iter().rev().take_while(|past| past.last_seen + FLAPPING_WITHIN >= began);
        let earlier = recent.filter(|past| past.first_seen < began);
        let (times, since) =
            earlier.fold((0, began), |(times, _), past| (times + 1, past.first_seen));
        (times >= FLAPPING_AFTER)
            .then_some(Flapping { times: times + 1 + self.occurrence.returns, since })
    }

    /// When time alone will change something.
    pub(crate) fn deadline(&self, rules: &Rules) -> Option<Timestamp> {
        match self.phase {
            Phase::Suspected | Phase::Resolved { .. } if self.gathered(rules).is_some() => {
                self.gathered(rules)
            }
            Phase::Suspected if self.lasts() => None,
            Phase::Suspected => Some(self.occurrence.last_seen + rules.resolve_after),
            Phase::Open | Phase::Stale => {
                let changes = self.changes();
                let is = |what: fn(&IncidentChange) -> bool| changes.iter().any(what);
                let wait = match (is(IncidentChange::is_worse_once), is(IncidentChange::is_worse)) {
                    (true, _) => rules.open_after.min(rules.update_every),
                    (false, true) => self.prompt_wait(rules),
                    (false, false) => rules.update_every,
                };
                (!changes.is_empty()).then(|| self.notified_at + wait)
            }
            Phase::Clearing { since } => Some(since + self.quiet(rules)),
            Phase::Resolved { at } => Some(at + rules.reopen_within),
        }
    }

    /// Whether holders have gathered, and for long enough.
    pub(crate) fn has_gathered(&self, now: Timestamp, rules: &Rules) -> bool {
        self.gathered(rules).is_some_and(|due| due <= now)
    }

    /// When holders have gathered for long enough.
    fn gathered(&self, rules: &Rules) -> Option<Timestamp> {
        self.occurrence.gathering_since.map(|since| since + rules.open_after)
    }

    /// How long after the last notice another prefix is told: at once, but for what follows on the heels of another.
    fn prompt_wait(&self, rules: &Rules) -> Duration {
        let doubled = |times: u32| PROMPT_AGAIN_AFTER.saturating_mul(1_u32 << times);
        let again = self.prompt_updates.checked_sub(1).map(|times| doubled(times.min(16)));
        again.unwrap_or_default().max(rules.open_after).min(rules.update_every)
    }

    /// All that is known was told now, under the sequence number that is returned.
    pub(crate) fn record_notified(&mut self, at: Timestamp, is_update: bool, rules: &Rules) -> u32 {
        let is_worse = self.changes().iter().any(IncidentChange::is_worse);
        if !is_update || at > self.notified_at + rules.update_every {
            self.prompt_updates = 0;
        } else if is_worse {
            self.prompt_updates = self.prompt_updates.saturating_add(1);
        }
        self.occurrence.gathering_since = None;
        self.notified = self.occurrence.known.clone();
        self.notified_at = at;
        self.sequence += 1;
        self.sequence - 1
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Suspected => State::Suspected,
            Phase::Open => State::Open,
            Phase::Stale | Phase::Clearing { .. } => State::Clearing,
            Phase::Resolved { .. } => State::Resolved,
        }
    }

    /// The most serious kind; of equally serious ones the first in the order of the kinds.
    pub(crate) fn kind(&self) -> Option<IncidentKind> {
        let parts = self.occurrence.parts.values();
        let rank = |part: &&Part| (part.severity(), std::cmp::Reverse(part.kind));
        match self.group_key.class {
            Class::Other(kind) => Some(kind),
            Class::Hijack => parts.max_by_key(rank).map(|part| part.kind),
        }
    }

    /// This occurrence as a record for later.
    pub(crate) fn as_past(&self) -> Option<Past> {
        Some(Past {
            incident: self.id.clone(),
            kind: self.kind()?,
            first_seen: self.occurrence.since,
            last_seen: self.occurrence.last_seen,
            prefixes: self.occurrence.parts.len(),
        })
    }
}

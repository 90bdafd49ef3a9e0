//! Many incidents at the same time, told as one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::{Area, Severity};

use super::alert_state::AlertState;
use super::alerts::Alerts;
use super::backoff::Backoff;
use super::rules::{Audience, DispatchRules, Storm};
use crate::receiver::Receiver;
use crate::summary::{Row, StormKey, SummaryId};
use incidents::{IncidentId, Notice, pairs};

/// Within an hour so many critical incidents of prefixes that a storm is not about are told at once, and so many by
/// offenders that it does not know; the next ones wait a while, or a mass event would make as many notifications as it
/// has prefixes or origins.
const APART: usize = 5;
const HOUR: Duration = Duration::from_secs(3600);

/// Of what follows each other faster no single one stands apart.
const FLOOD: Duration = Duration::from_secs(10);

/// The storms that last, and what may become one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Storms {
    #[serde(with = "pairs")]
    open: BTreeMap<StormKey, OpenStorm>,
    /// What opened within the window, by what it has in group_key.
    #[serde(with = "pairs")]
    recent: BTreeMap<StormKey, VecDeque<(Timestamp, IncidentId)>>,
}

/// One storm.
#[derive(Debug, Serialize, Deserialize)]
struct OpenStorm {
    id: SummaryId,
    since: Timestamp,
    joined: Timestamp,
    /// Notifications so far.
    sequence: u32,
    members: BTreeSet<IncidentId>,
    to: Vec<Receiver>,
    #[serde(rename = "pace")]
    backoff: Backoff,
    /// When what is not told yet will be.
    due: Option<Timestamp>,
    /// When a critical incident of another prefix was told at once, within the last hour.
    #[serde(default)]
    apart: VecDeque<Timestamp>,
    /// The same of one by another offender.
    #[serde(default)]
    by_others: VecDeque<Timestamp>,
    severity: Severity,
}

/// How long a change of a storm may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// It does not.
    AtOnce,
    /// For others that come with it: however wide the intervals have become, what is critical does
    /// not wait for hours.
    Soon,
    /// Until the next of the widening intervals.
    AtInterval,
}

/// What the next notification of a storm says.
pub(super) struct StormReport {
    pub(super) id: SummaryId,
    pub(super) sequence: u32,
    pub(super) since: Timestamp,
    pub(super) rows: Vec<Row>,
}

impl Storms {
    pub(super) fn keys(&self) -> Vec<StormKey> {
        self.open.keys().cloned().collect()
    }

    /// Whether people are told of an incident in one notification with others, as it is in a storm or
    /// makes one: which, and how soon.
    pub(super) fn join(
        &mut self,
        now: Timestamp,
        id: &IncidentId,
        alerts: &mut Alerts,
        rules: &DispatchRules,
    ) -> Option<(StormKey, Urgency)> {
        let alert = alerts.get(id)?;
        let severity = alert.latest.severity;
        if let Some(group_key) = alert.storm.clone() {
            let worse = self.open.get(&group_key).is_some_and(|storm| severity > storm.severity);
            return Some((group_key, if worse { Urgency::AtOnce } else { Urgency::AtInterval }));
        }
        let storm_rules = rules.storm.as_ref().filter(|_| !alert.notified)?;
        let group_key = self.note(now, &alert.latest, storm_rules)?;
        let members = self.gather(&group_key);
        let begun = !self.open.contains_key(&group_key);
        if begun {
            let storm = OpenStorm::new(now, &group_key, &members, alerts, storm_rules);
            self.open.insert(group_key.clone(), storm);
        }
        // An older storm with the same in group_key, which was quiet for long, is gathered up.
        let storm = self.open.get_mut(&group_key)?;
        let by_time = matches!(group_key, StormKey::Time(_));
        let mut at_once = begun || by_time && storm.stands_apart(now, id, alerts);
        for member in members {
            at_once |= storm.enter(now, &group_key, member, alerts, rules);
        }
        let urgency = match (at_once, severity) {
            (true, _) => Urgency::AtOnce,
            (false, Severity::Critical) => Urgency::Soon,
            (false, Severity::Warning | Severity::Notice) => Urgency::AtInterval,
        };
        Some((group_key, urgency))
    }

    /// Something of a storm is not as it was told: whether that must be told now. If not, it is due
    /// later.
    pub(super) fn change(
        &mut self,
        now: Timestamp,
        group_key: &StormKey,
        urgency: Urgency,
        alerts: &Alerts,
        rules: &DispatchRules,
    ) -> bool {
        if urgency == Urgency::AtOnce || self.is_over(group_key, alerts) {
            return self.open.contains_key(group_key);
        }
        let Some(storm) = self.open.get_mut(group_key) else { return false };
        // After a long silence, too, one change seldom comes alone.
        let gathered = now + rules.storm.as_ref().map(|rules| rules.within).unwrap_or_default();
        let due = match urgency {
            Urgency::AtOnce | Urgency::Soon => gathered,
            Urgency::AtInterval => storm.backoff.next().max(gathered),
        };
        storm.due = Some(storm.due.map_or(due, |known| known.min(due)));
        false
    }

    /// When what is not told yet will be.
    pub(super) fn due(&self, group_key: &StormKey) -> Option<Timestamp> {
        self.open.get(group_key)?.due
    }

    /// Whether all its incidents are over.
    pub(super) fn is_over(&self, group_key: &StormKey, alerts: &Alerts) -> bool {
        let Some(storm) = self.open.get(group_key) else { return false };
        storm.members.iter().filter_map(|id| alerts.get(id)).all(AlertState::is_done)
    }

    /// One more notification of a storm goes out at `now`: to whom.
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        group_key: &StormKey,
        rules: &Storm,
    ) -> Vec<Receiver> {
        let Some(storm) = self.open.get_mut(group_key) else { return Vec::new() };
        if storm.sequence > 0 {
            storm.backoff.step(now, rules);
        }
        storm.due = None;
        storm.to.clone()
    }

    /// Adds receivers; returns those who know nothing of the storm yet.
    pub(super) fn widen(&mut self, group_key: &StormKey, to: Vec<Receiver>) -> Vec<Receiver> {
        self.open.get_mut(group_key).map(|storm| storm.widen(to)).unwrap_or_default()
    }

    /// What its next notification says, which takes the next number.
    pub(super) fn report(&mut self, group_key: &StormKey, alerts: &Alerts) -> Option<StormReport> {
        let storm = self.open.get_mut(group_key)?;
        let members = storm.members.iter().filter_map(|id| alerts.get(id));
        let rows: Vec<Row> =
            members.map(|alert| Row::of(&alert.latest, &alert.annotations, 0)).collect();
        let severity = rows.iter().map(|row| row.severity).max();
        storm.severity = storm.severity.max(severity.unwrap_or(Severity::Notice));
        let sequence = storm.sequence;
        storm.sequence += 1;
        Some(StormReport { id: storm.id.clone(), sequence, since: storm.since, rows })
    }

    /// It is over: its incidents are told by themselves again. Returns them.
    pub(super) fn end(
        &mut self,
        group_key: &StormKey,
        alerts: &mut Alerts,
    ) -> BTreeSet<IncidentId> {
        let members = self.open.remove(group_key).map(|storm| storm.members).unwrap_or_default();
        for member in &members {
            if let Some(alert) = alerts.get_mut(member) {
                alert.storm = None;
            }
        }
        members
    }

    /// Notes that an incident opened; what it shares with so many others that it is a storm.
    fn note(&mut self, now: Timestamp, notice: &Notice, rules: &Storm) -> Option<StormKey> {
        let mut found = None;
        for group_key in group_keys(notice) {
            let recent = self.recent.entry(group_key.clone()).or_default();
            while recent.front().is_some_and(|(at, _)| now.since(*at) > rules.within) {
                recent.pop_front();
            }
            recent.retain(|(_, id)| *id != notice.incident);
            recent.push_back((now, notice.incident.clone()));
            let lasts =
                self.open.get(&group_key).is_some_and(|u| now.since(u.joined) <= rules.within);
            let many = recent.len() > rules.incidents;
            found = found.or_else(|| (lasts || many).then_some(group_key));
        }
        self.recent.retain(|_, recent| !recent.is_empty());
        found
    }

    /// What opened within the window and has this in common is not counted again.
    fn gather(&mut self, group_key: &StormKey) -> BTreeSet<IncidentId> {
        let recent = self.recent.remove(group_key).unwrap_or_default();
        let members: BTreeSet<IncidentId> = recent.into_iter().map(|(_, id)| id).collect();
        for recent in self.recent.values_mut() {
            recent.retain(|(_, id)| !members.contains(id));
        }
        members
    }
}

impl OpenStorm {
    /// It begins, and nobody has entered it yet.
    fn new(
        now: Timestamp,
        group_key: &StormKey,
        members: &BTreeSet<IncidentId>,
        alerts: &Alerts,
        rules: &Storm,
    ) -> Self {
        let members = members.iter().filter_map(|id| alerts.get(id));
        OpenStorm {
            id: SummaryId::of("storm", &group_key.name(), now),
            since: members.map(|alert| alert.latest.since).min().unwrap_or(now),
            joined: now,
            sequence: 0,
            members: BTreeSet::new(),
            to: Vec::new(),
            backoff: Backoff::new(now, rules),
            due: None,
            apart: VecDeque::new(),
            by_others: VecDeque::new(),
            severity: Severity::Notice,
        }
    }

    /// Whether a critical incident is about a prefix that none of the others touches, or by an offender that none of
    /// them has: decoys must not delay what happens to another prefix, nor who else does it to the same one. Only
    /// where all have the time in common.
    fn stands_apart(&mut self, now: Timestamp, id: &IncidentId, alerts: &Alerts) -> bool {
        let Some(alert) = alerts.get(id) else { return false };
        let prefixes = &alert.latest.prefixes;
        let touches = |other: &Notice| {
            let mut theirs = other.prefixes.iter().map(|affected| affected.announced);
            theirs.any(|one| {
                let mut ours = prefixes.iter().map(|affected| affected.announced);
                ours.any(|other| one.covers(&other) || other.covers(&one))
            })
        };
        let mut others = self.members.iter().filter(|member| *member != id);
        let is_known =
            others.any(|member| alerts.get(member).is_some_and(|it| touches(&it.latest)));
        if alert.latest.severity != Severity::Critical || prefixes.is_empty() {
            return false;
        }
        if !is_known {
            return has_room(&mut self.apart, now);
        }
        let is_flood = now.since(self.joined) < FLOOD;
        !is_flood && !self.knows(&alert.latest, alerts) && has_room(&mut self.by_others, now)
    }

    /// Whether an offender of this incident is one of another that is in it.
    fn knows(&self, notice: &Notice, alerts: &Alerts) -> bool {
        let others = self.members.iter().filter(|member| **member != notice.incident);
        let mut known =
            others.filter_map(|member| alerts.get(member)).flat_map(|it| &it.latest.offenders);
        known.any(|theirs| notice.offenders.iter().any(|ours| ours.asn == theirs.asn))
    }

    /// One more incident; whether it is worse than the others, or somebody has to be told who knows
    /// nothing of the storm yet.
    fn enter(
        &mut self,
        now: Timestamp,
        group_key: &StormKey,
        member: IncidentId,
        alerts: &mut Alerts,
        rules: &DispatchRules,
    ) -> bool {
        let Some(alert) = alerts.get_mut(&member) else { return false };
        alert.storm = Some(group_key.clone());
        alert.held = None;
        alert.mark_told(now);
        self.joined = now;
        self.members.insert(member);
        let people = alert.receivers.iter().filter(|to| rules.audience(to) == Audience::People);
        let new = self.widen(people.cloned());
        alert.latest.severity > self.severity || !new.is_empty()
    }

    fn widen(&mut self, to: impl IntoIterator<Item = Receiver>) -> Vec<Receiver> {
        let new = to.into_iter().filter(|receiver| !self.to.contains(receiver));
        let new: Vec<Receiver> = new.collect();
        self.to.extend(new.iter().cloned());
        new
    }
}

/// Whether less than so many were told within the hour; then one more is.
fn has_room(told: &mut VecDeque<Timestamp>, now: Timestamp) -> bool {
    while told.front().is_some_and(|at| now.since(*at) >= HOUR) {
        told.pop_front();
    }
    let has_room = told.len() < APART;
    told.extend(has_room.then_some(now));
    has_room
}

/// What an incident may have in common with others, the most telling first.
fn group_keys(notice: &Notice) -> Vec<StormKey> {
    let rpki = matches!(notice.kind.spec().area, Area::OwnRoutesInRpki | Area::RpkiData);
    let mut group_keys: Vec<StormKey> = match notice.offenders.as_slice() {
        _ if rpki => vec![StormKey::Rpki],
        [] => vec![StormKey::Condition(notice.kind)],
        offenders => offenders.iter().map(|party| StormKey::Offender(party.asn)).collect(),
    };
    group_keys.push(StormKey::Time(notice.severity));
    group_keys
}

//! Many incidents at the same time, told as one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, Severity};

use super::backoff::Backoff;
use super::rules::Storm;
use super::{Dispatcher, Wake};
use crate::notification::Content;
use crate::receiver::Receiver;
use crate::summary::{Cause, GroupKey, Row, SummaryId};
use incidents::{IncidentId, Incidents, Notice, pairs};

/// The storms that last, and what may become one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Storms {
    #[serde(with = "pairs")]
    open: BTreeMap<GroupKey, Umbrella>,
    /// What opened within the window, by what it has in common.
    #[serde(with = "pairs")]
    recent: BTreeMap<GroupKey, VecDeque<(Timestamp, IncidentId)>>,
}

/// One storm.
#[derive(Debug, Serialize, Deserialize)]
struct Umbrella {
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
    severity: Severity,
}

impl Storms {
    pub(super) fn group_keys(&self) -> impl Iterator<Item = &GroupKey> {
        self.open.keys()
    }

    /// Notes that an incident opened; what it shares with so many others that it is a storm.
    fn note(&mut self, now: Timestamp, notice: &Notice, rules: &Storm) -> Option<GroupKey> {
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
    fn gather(&mut self, group_key: &GroupKey) -> BTreeSet<IncidentId> {
        let recent = self.recent.remove(group_key).unwrap_or_default();
        let members: BTreeSet<IncidentId> = recent.into_iter().map(|(_, id)| id).collect();
        for recent in self.recent.values_mut() {
            recent.retain(|(_, id)| !members.contains(id));
        }
        members
    }
}

/// What an incident may have in common with others, the most telling first.
fn group_keys(notice: &Notice) -> Vec<GroupKey> {
    let rpki = matches!(
        notice.kind,
        IncidentKind::RpkiInvalid
            | IncidentKind::RpkiUncovered
            | IncidentKind::RoaChange
            | IncidentKind::RoaExpiry
            | IncidentKind::TaMalfunction
    );
    let mut group_keys: Vec<GroupKey> = match notice.offenders.as_slice() {
        _ if rpki => vec![GroupKey::Rpki],
        [] => vec![GroupKey::Condition(notice.kind)],
        offenders => offenders.iter().map(|party| GroupKey::Offender(party.asn)).collect(),
    };
    group_keys.push(GroupKey::Time(notice.severity));
    group_keys
}

impl Dispatcher {
    /// Whether people are told of it in one notification with others: it is in a storm, or makes one.
    pub(super) fn joins_storm(&mut self, id: &IncidentId, incidents: &Incidents) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get(id) else { return false };
        if let Some(group_key) = alert.storm.clone() {
            let severity = alert.latest.severity;
            let worse =
                self.memory.storms.open.get(&group_key).is_some_and(|u| severity > u.severity);
            self.change_storm(&group_key, worse, incidents);
            return true;
        }
        let Some(rules) = self.rules.storm.clone().filter(|_| !alert.told) else { return false };
        let Some(group_key) = self.memory.storms.note(now, &alert.latest, &rules) else {
            return false;
        };
        let members = self.memory.storms.gather(&group_key);
        // An older storm with the same in common, which was quiet for long, is gathered up.
        let begun = !self.memory.storms.open.contains_key(&group_key);
        let umbrella = || Umbrella {
            id: SummaryId::of("storm", &group_key.name(), now),
            since: members
                .iter()
                .filter_map(|id| self.memory.alerts.get(id))
                .map(|c| c.latest.since)
                .min()
                .unwrap_or(now),
            joined: now,
            sequence: 0,
            members: BTreeSet::new(),
            to: Vec::new(),
            backoff: Backoff::new(now, &rules),
            due: None,
            severity: Severity::Notice,
        };
        if begun {
            let umbrella = umbrella();
            self.memory.storms.open.insert(group_key.clone(), umbrella);
        }
        let mut new_to = false;
        let mut worse = false;
        for member in members {
            new_to |= self.enter_storm(&group_key, member, &mut worse);
        }
        let critical = self.memory.alerts.get(id).map(|alert| alert.latest.severity)
            == Some(Severity::Critical);
        self.change_storm_of(&group_key, begun || new_to || worse, critical, incidents);
        true
    }

    /// Whether somebody has to be told who knows nothing of the storm yet.
    fn enter_storm(&mut self, group_key: &GroupKey, member: IncidentId, worse: &mut bool) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(&member) else { return false };
        let Some(umbrella) = self.memory.storms.open.get_mut(group_key) else { return false };
        alert.storm = Some(group_key.clone());
        alert.held = None;
        if !alert.told {
            alert.told = true;
            alert.wait_from(now);
        }
        umbrella.joined = now;
        *worse |= alert.latest.severity > umbrella.severity;
        umbrella.members.insert(member);
        let people = alert.receivers.iter().filter(|to| !self.rules.programs.contains(&to.channel));
        let new: Vec<_> = people.filter(|to| !umbrella.to.contains(to)).cloned().collect();
        umbrella.to.extend(new.iter().cloned());
        !new.is_empty()
    }

    /// Something of a storm is not as it was told: tells it at once, or when its time comes.
    pub(super) fn change_storm(
        &mut self,
        group_key: &GroupKey,
        at_once: bool,
        incidents: &Incidents,
    ) {
        self.change_storm_of(group_key, at_once, false, incidents);
    }

    fn change_storm_of(
        &mut self,
        group_key: &GroupKey,
        at_once: bool,
        critical: bool,
        incidents: &Incidents,
    ) {
        let now = self.memory.now;
        let done = self.is_storm_over(group_key);
        let Some(umbrella) = self.memory.storms.open.get_mut(group_key) else { return };
        if at_once || done {
            self.tell_storm(group_key, incidents);
            return;
        }
        // After a long silence, too, one change seldom comes alone.
        let gathered =
            now + self.rules.storm.as_ref().map(|rules| rules.within).unwrap_or_default();
        // However wide the intervals have become, what is critical does not wait for hours.
        let due = if critical { gathered } else { umbrella.backoff.next().max(gathered) };
        umbrella.due = Some(umbrella.due.map_or(due, |known| known.min(due)));
        self.schedule_storm(group_key);
    }

    fn is_storm_over(&self, group_key: &GroupKey) -> bool {
        let Some(umbrella) = self.memory.storms.open.get(group_key) else { return false };
        let mut alerts = umbrella.members.iter().filter_map(|id| self.memory.alerts.get(id));
        alerts.all(super::AlertState::is_done)
    }

    pub(super) fn schedule_storm(&mut self, group_key: &GroupKey) {
        let umbrella = self.memory.storms.open.get(group_key);
        let due = umbrella.and_then(|umbrella| umbrella.due);
        self.timers.set(&Wake::Storm(group_key.clone()), due);
    }

    /// One more notification of a storm; the last one where all its incidents are over.
    pub(super) fn tell_storm(&mut self, group_key: &GroupKey, incidents: &Incidents) {
        let now = self.memory.now;
        let over = self.is_storm_over(group_key);
        let Some(rules) = self.rules.storm.clone() else { return };
        let Some(umbrella) = self.memory.storms.open.get_mut(group_key) else { return };
        if umbrella.sequence > 0 {
            umbrella.backoff.step(now, &rules);
        }
        umbrella.due = None;
        let to = umbrella.to.clone();
        self.post_storm(group_key, to, over, incidents);
        if over && let Some(umbrella) = self.memory.storms.open.remove(group_key) {
            for member in umbrella.members {
                if let Some(alert) = self.memory.alerts.get_mut(&member) {
                    alert.storm = None;
                }
                self.schedule_alert(&member);
            }
        }
        self.schedule_storm(group_key);
    }

    /// Tells a storm to those who are told of it from now on.
    pub(super) fn widen_storm(
        &mut self,
        group_key: &GroupKey,
        to: Vec<Receiver>,
        incidents: &Incidents,
    ) {
        let Some(umbrella) = self.memory.storms.open.get_mut(group_key) else { return };
        let new: Vec<_> = to.into_iter().filter(|to| !umbrella.to.contains(to)).collect();
        umbrella.to.extend(new.iter().cloned());
        if !new.is_empty() {
            self.post_storm(group_key, new, false, incidents);
        }
    }

    fn post_storm(
        &mut self,
        group_key: &GroupKey,
        to: Vec<Receiver>,
        over: bool,
        incidents: &Incidents,
    ) {
        let Some(umbrella) = self.memory.storms.open.get_mut(group_key) else { return };
        let (id, sequence, since) = (umbrella.id.clone(), umbrella.sequence, umbrella.since);
        umbrella.sequence += 1;
        let alerts = umbrella.members.iter().filter_map(|id| self.memory.alerts.get(id));
        let rows: Vec<Row> =
            alerts.map(|alert| Row::of(&alert.latest, &alert.annotations, 0)).collect();
        let severity = rows.iter().map(|row| row.severity).max();
        umbrella.severity = umbrella.severity.max(severity.unwrap_or(Severity::Notice));
        let cause = Cause::Storm(group_key.clone());
        let mut summary = self.summary(id, cause, rows, incidents);
        (summary.since, summary.over) = (since, over);
        self.number(&mut summary, sequence);
        self.post(to, Content::Summary(Box::new(summary)));
    }
}

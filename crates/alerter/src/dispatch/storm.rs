//! Many incidents at the same time, told as one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bgp::Timestamp;
use serde::{Deserialize, Serialize};
use validator::{Kind, Severity};

use super::backoff::Backoff;
use super::rules::Storm;
use super::{Dispatcher, Wake};
use crate::notification::Content;
use crate::receiver::Receiver;
use crate::summary::{Cause, Common, Row, SummaryId};
use incidents::{IncidentId, Incidents, Notice, pairs};

/// The storms that last, and what may become one.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Storms {
    #[serde(with = "pairs")]
    open: BTreeMap<Common, Umbrella>,
    /// What opened within the window, by what it has in common.
    #[serde(with = "pairs")]
    recent: BTreeMap<Common, VecDeque<(Timestamp, IncidentId)>>,
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
    pub(super) fn commons(&self) -> impl Iterator<Item = &Common> {
        self.open.keys()
    }

    /// Notes that an incident opened; what it shares with so many others that it is a storm.
    fn note(&mut self, now: Timestamp, notice: &Notice, rules: &Storm) -> Option<Common> {
        let mut found = None;
        for common in commons(notice) {
            let recent = self.recent.entry(common.clone()).or_default();
            while recent.front().is_some_and(|(at, _)| now.since(*at) > rules.within) {
                recent.pop_front();
            }
            recent.retain(|(_, id)| *id != notice.incident);
            recent.push_back((now, notice.incident.clone()));
            let lasts = self.open.get(&common).is_some_and(|u| now.since(u.joined) <= rules.within);
            let many = recent.len() > rules.incidents;
            found = found.or_else(|| (lasts || many).then_some(common));
        }
        self.recent.retain(|_, recent| !recent.is_empty());
        found
    }

    /// What opened within the window and has this in common is not counted again.
    fn gather(&mut self, common: &Common) -> BTreeSet<IncidentId> {
        let recent = self.recent.remove(common).unwrap_or_default();
        let members: BTreeSet<IncidentId> = recent.into_iter().map(|(_, id)| id).collect();
        for recent in self.recent.values_mut() {
            recent.retain(|(_, id)| !members.contains(id));
        }
        members
    }
}

/// What an incident may have in common with others, the most telling first.
fn commons(notice: &Notice) -> Vec<Common> {
    let rpki = matches!(
        notice.kind,
        Kind::RpkiInvalid
            | Kind::RpkiUncovered
            | Kind::RoaChange
            | Kind::RoaExpiry
            | Kind::TaMalfunction
    );
    let mut commons: Vec<Common> = match notice.offenders.as_slice() {
        _ if rpki => vec![Common::Rpki],
        [] => vec![Common::Condition(notice.kind)],
        offenders => offenders.iter().map(|party| Common::Offender(party.asn)).collect(),
    };
    commons.push(Common::Time(notice.severity));
    commons
}

impl Dispatcher {
    /// Whether people are told of it in one notification with others: it is in a storm, or makes one.
    pub(super) fn joins_storm(&mut self, id: &IncidentId, incidents: &Incidents) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get(id) else { return false };
        if let Some(common) = alert.storm.clone() {
            let severity = alert.latest.severity;
            let worse = self.memory.storms.open.get(&common).is_some_and(|u| severity > u.severity);
            self.change_storm(&common, worse, incidents);
            return true;
        }
        let Some(rules) = self.rules.storm.clone().filter(|_| !alert.told) else { return false };
        let Some(common) = self.memory.storms.note(now, &alert.latest, &rules) else {
            return false;
        };
        let members = self.memory.storms.gather(&common);
        // An older storm with the same in common, which was quiet for long, is gathered up.
        let begun = !self.memory.storms.open.contains_key(&common);
        let umbrella = || Umbrella {
            id: SummaryId::of("storm", &common.name(), now),
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
            self.memory.storms.open.insert(common.clone(), umbrella);
        }
        let mut new_to = false;
        let mut worse = false;
        for member in members {
            new_to |= self.enter_storm(&common, member, &mut worse);
        }
        let critical = self.memory.alerts.get(id).map(|alert| alert.latest.severity)
            == Some(Severity::Critical);
        self.change_storm_of(&common, begun || new_to || worse, critical, incidents);
        true
    }

    /// Whether somebody has to be told who knows nothing of the storm yet.
    fn enter_storm(&mut self, common: &Common, member: IncidentId, worse: &mut bool) -> bool {
        let now = self.memory.now;
        let Some(alert) = self.memory.alerts.get_mut(&member) else { return false };
        let Some(umbrella) = self.memory.storms.open.get_mut(common) else { return false };
        alert.storm = Some(common.clone());
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
    pub(super) fn change_storm(&mut self, common: &Common, at_once: bool, incidents: &Incidents) {
        self.change_storm_of(common, at_once, false, incidents);
    }

    fn change_storm_of(
        &mut self,
        common: &Common,
        at_once: bool,
        critical: bool,
        incidents: &Incidents,
    ) {
        let now = self.memory.now;
        let done = self.is_storm_over(common);
        let Some(umbrella) = self.memory.storms.open.get_mut(common) else { return };
        if at_once || done {
            self.tell_storm(common, incidents);
            return;
        }
        // After a long silence, too, one change seldom comes alone.
        let gathered =
            now + self.rules.storm.as_ref().map(|rules| rules.within).unwrap_or_default();
        // However wide the intervals have become, what is critical does not wait for hours.
        let due = if critical { gathered } else { umbrella.backoff.next().max(gathered) };
        umbrella.due = Some(umbrella.due.map_or(due, |known| known.min(due)));
        self.schedule_storm(common);
    }

    fn is_storm_over(&self, common: &Common) -> bool {
        let Some(umbrella) = self.memory.storms.open.get(common) else { return false };
        let mut alerts = umbrella.members.iter().filter_map(|id| self.memory.alerts.get(id));
        alerts.all(super::AlertState::is_done)
    }

    pub(super) fn schedule_storm(&mut self, common: &Common) {
        let umbrella = self.memory.storms.open.get(common);
        let due = umbrella.and_then(|umbrella| umbrella.due);
        self.timers.set(&Wake::Storm(common.clone()), due);
    }

    /// One more notification of a storm; the last one where all its incidents are over.
    pub(super) fn tell_storm(&mut self, common: &Common, incidents: &Incidents) {
        let now = self.memory.now;
        let over = self.is_storm_over(common);
        let Some(rules) = self.rules.storm.clone() else { return };
        let Some(umbrella) = self.memory.storms.open.get_mut(common) else { return };
        if umbrella.sequence > 0 {
            umbrella.backoff.step(now, &rules);
        }
        umbrella.due = None;
        let to = umbrella.to.clone();
        self.post_storm(common, to, over, incidents);
        if over && let Some(umbrella) = self.memory.storms.open.remove(common) {
            for member in umbrella.members {
                if let Some(alert) = self.memory.alerts.get_mut(&member) {
                    alert.storm = None;
                }
                self.schedule_alert(&member);
            }
        }
        self.schedule_storm(common);
    }

    /// Tells a storm to those who are told of it from now on.
    pub(super) fn widen_storm(
        &mut self,
        common: &Common,
        to: Vec<Receiver>,
        incidents: &Incidents,
    ) {
        let Some(umbrella) = self.memory.storms.open.get_mut(common) else { return };
        let new: Vec<_> = to.into_iter().filter(|to| !umbrella.to.contains(to)).collect();
        umbrella.to.extend(new.iter().cloned());
        if !new.is_empty() {
            self.post_storm(common, new, false, incidents);
        }
    }

    fn post_storm(
        &mut self,
        common: &Common,
        to: Vec<Receiver>,
        over: bool,
        incidents: &Incidents,
    ) {
        let Some(umbrella) = self.memory.storms.open.get_mut(common) else { return };
        let (id, sequence, since) = (umbrella.id.clone(), umbrella.sequence, umbrella.since);
        umbrella.sequence += 1;
        let alerts = umbrella.members.iter().filter_map(|id| self.memory.alerts.get(id));
        let rows: Vec<Row> =
            alerts.map(|alert| Row::of(&alert.latest, &alert.annotations, 0)).collect();
        let severity = rows.iter().map(|row| row.severity).max();
        umbrella.severity = umbrella.severity.max(severity.unwrap_or(Severity::Notice));
        let cause = Cause::Storm(common.clone());
        let mut summary = self.summary(id, cause, rows, incidents);
        (summary.since, summary.over) = (since, over);
        self.number(&mut summary, sequence);
        self.post(to, Content::Summary(Box::new(summary)));
    }
}

use std::collections::BTreeMap;

use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alert_state::{AlertState, Held};
use super::command::{Refusal, line};
use super::rules::DispatchRules;
use crate::annotations::{Acknowledged, Note, Signed};
use crate::summary::StormKey;
use crate::window::WindowKey;
use incidents::{IncidentId, Notice, Reason};

/// Notes of an incident that are kept, the latest.
const NOTES: usize = 50;

/// What the dispatcher knows of each incident.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Alerts(BTreeMap<IncidentId, AlertState>);

impl Alerts {
    /// The engine has said something of an incident.
    pub(super) fn take(&mut self, now: Timestamp, notice: Notice, rules: &DispatchRules) {
        let known = self.0.contains_key(&notice.incident);
        let opening = matches!(notice.reason, Reason::Opened | Reason::Reopened);
        let new = || AlertState::new(now, notice.clone());
        let alert = self.0.entry(notice.incident.clone()).or_insert_with(new);
        if opening || !known {
            alert.widen(rules.routing.of(now, rules.operator.time_zone(), &notice));
            // A store of an older version has told it to everyone.
            alert.notified = !known && !opening;
        }
        alert.take(now, notice);
    }

    pub(super) fn get(&self, id: &IncidentId) -> Option<&AlertState> {
        self.0.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &IncidentId) -> Option<&mut AlertState> {
        self.0.get_mut(id)
    }

    pub(super) fn remove(&mut self, id: &IncidentId) {
        self.0.remove(id);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&IncidentId, &AlertState)> {
        self.0.iter()
    }

    pub(super) fn ids(&self) -> Vec<IncidentId> {
        self.0.keys().cloned().collect()
    }

    /// Those that a maintenance window holds.
    pub(super) fn held_by(&self, key: &WindowKey) -> Vec<IncidentId> {
        let by = |held: &Held| held.window.as_ref() == Some(key);
        let held = self.0.iter().filter(|(_, alert)| alert.held.as_ref().is_some_and(by));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// Whether there is such an incident, which is not over.
    pub(super) fn check_open(&self, id: &IncidentId) -> Result<(), Refusal> {
        match self.0.get(id) {
            Some(alert) if alert.is_over() => Err(Refusal::Over(id.clone())),
            Some(_) => Ok(()),
            None => Err(Refusal::UnknownIncident(id.clone())),
        }
    }

    /// One that is not over.
    fn open(&mut self, id: &IncidentId) -> Result<&mut AlertState, Refusal> {
        self.check_open(id)?;
        self.0.get_mut(id).ok_or_else(|| Refusal::UnknownIncident(id.clone()))
    }

    /// Somebody works on it.
    pub(super) fn acknowledge(
        &mut self,
        by: String,
        at: Timestamp,
        id: &IncidentId,
    ) -> Result<(), Refusal> {
        let alert = self.open(id)?;
        let severity = alert.latest.severity;
        alert.annotations.acknowledged = Some(Acknowledged { by, at, severity });
        Ok(())
    }

    /// Somebody calls it over; returns the storm that it is in.
    pub(super) fn close(
        &mut self,
        by: String,
        at: Timestamp,
        id: &IncidentId,
    ) -> Result<Option<StormKey>, Refusal> {
        let alert = self.open(id)?;
        alert.annotations.closed = Some(Signed { by, at });
        alert.held.take_if(|held| held.window.is_none());
        Ok(alert.storm.clone())
    }

    /// Somebody writes something about it, be it over.
    pub(super) fn note(
        &mut self,
        by: String,
        at: Timestamp,
        id: &IncidentId,
        text: &str,
    ) -> Result<(), Refusal> {
        let alert = self.0.get_mut(id).ok_or_else(|| Refusal::UnknownIncident(id.clone()))?;
        let text = line(text);
        if text.is_empty() {
            return Err(Refusal::Empty("note"));
        }
        let notes = &mut alert.annotations.notes;
        notes.push(Note { by, at, text });
        notes.drain(..notes.len().saturating_sub(NOTES));
        Ok(())
    }
}

use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alerts::Alerts;
use super::command::Refusal;
use crate::scope::Scope;
use crate::silence::Silence;
use incidents::Notice;

/// What is muted; each scope once.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Silences(Vec<Silence>);

impl Silences {
    /// One more, or another one of a scope that is muted.
    pub(super) fn add(&mut self, silence: Silence, alerts: &Alerts) -> Result<(), Refusal> {
        if silence.until <= silence.at {
            return Err(Refusal::EndInThePast { until: silence.until, now: silence.at });
        }
        if let Scope::Incident(id) = &silence.scope {
            alerts.check_open(id)?;
        }
        self.0.retain(|known| known.scope != silence.scope);
        self.0.push(silence);
        Ok(())
    }

    /// The one of exactly this scope ends now.
    pub(super) fn remove(&mut self, scope: &Scope) -> Result<(), Refusal> {
        let before = self.0.len();
        self.0.retain(|silence| silence.scope != *scope);
        if self.0.len() == before {
            return Err(Refusal::NotMuted(scope.clone()));
        }
        Ok(())
    }

    /// Those whose time has come are forgotten.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.0.retain(|silence| silence.until > now);
    }

    /// When the next one ends.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.0.iter().map(|silence| silence.until).min()
    }

    /// The one that holds for an incident, the longest.
    pub(super) fn of(&self, now: Timestamp, notice: &Notice) -> Option<&Silence> {
        let holds = |silence: &&Silence| silence.until > now && silence.scope.holds(notice);
        self.0.iter().filter(holds).max_by_key(|silence| silence.until)
    }

    pub(super) fn as_slice(&self) -> &[Silence] {
        &self.0
    }
}

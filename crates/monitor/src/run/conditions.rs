//! Conditions of feeds, RPKI data and deliveries, as they were notified last.

use std::collections::HashMap;

use validator::{Condition, IncidentKind};

/// Whether each condition held when it was notified last: only a change is notified again.
#[derive(Debug, Default)]
pub(super) struct NotifiedConditions(HashMap<(IncidentKind, String), bool>);

impl NotifiedConditions {
    /// Takes a condition in, and logs it where it has changed; whether it has.
    pub(super) fn update(&mut self, condition: &Condition) -> bool {
        let Condition { kind, subject, details, active } = condition;
        let before = self.0.insert((*kind, subject.clone()), *active);
        if before == Some(*active) && !kind.is_event() {
            return false;
        }
        if *active {
            tracing::warn!(%kind, %subject, "{}", details.join("; "));
        } else if before.is_some() {
            tracing::info!(%kind, %subject, "over");
        }
        true
    }
}

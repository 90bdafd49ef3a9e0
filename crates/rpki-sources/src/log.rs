//! What is logged of the sources: each thing once, and again when it changes.

use crate::fault::Fault;
use crate::held_back::HeldBack;
use crate::state::{EXCEPTIONS, Rpki};

/// Logs what is new.
pub(crate) fn changes(before: &Rpki, now: &Rpki) {
    for source in &now.sources {
        let known = before.sources.iter().find(|known| known.name == source.name);
        let fault = known.and_then(|known| known.fault.as_ref());
        log_fault(&source.name, fault, source.fault.as_ref());
        let held_back = known.and_then(|known| known.held_back.as_ref());
        log_held_back(&source.name, held_back, source.held_back.as_ref());
    }
    log_fault(EXCEPTIONS, before.exceptions.as_ref(), now.exceptions.as_ref());
}

fn log_fault(name: &str, before: Option<&Fault>, now: Option<&Fault>) {
    match (before, now) {
        (Some(before), Some(now)) if before.reason == now.reason => {}
        (_, Some(now)) => tracing::warn!(source = name, "RPKI data: {}", now.reason),
        (Some(_), None) => tracing::info!(source = name, "RPKI data: it works again"),
        (None, None) => {}
    }
}

fn log_held_back(name: &str, before: Option<&HeldBack>, now: Option<&HeldBack>) {
    match (before, now) {
        (None, Some(held_back)) => tracing::warn!(source = name, "RPKI data: {held_back}"),
        (Some(_), None) => tracing::warn!(source = name, "RPKI data: no longer held back"),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

//! What is logged of the sources: each thing once, and again when it changes.

use crate::doubt::Doubt;
use crate::fault::Fault;
use crate::state::{EXCEPTIONS, Rpki};

/// Logs what is new.
pub(crate) fn changes(before: &Rpki, now: &Rpki) {
    for source in &now.sources {
        let known = before.sources.iter().find(|known| known.name == source.name);
        let fault = known.and_then(|known| known.fault.as_ref());
        log_fault(&source.name, fault, source.fault.as_ref());
        let doubt = known.and_then(|known| known.doubt.as_ref());
        log_doubt(&source.name, doubt, source.doubt.as_ref());
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

fn log_doubt(name: &str, before: Option<&Doubt>, now: Option<&Doubt>) {
    match (before, now) {
        (None, Some(doubt)) => tracing::warn!(source = name, "RPKI data: {doubt}"),
        (Some(_), None) => tracing::warn!(source = name, "RPKI data: no longer in doubt"),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

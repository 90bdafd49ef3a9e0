//! What people ask for beside us in the store, and what DNS and calendars say: each becomes a command to
//! the dispatcher, durable after the next commit.

use alerter::dispatch::{Action, Command};
use alerter::{Receiver, Window};
use bgp::Timestamp;
use store::{Journal, StoreError};

use super::addresses::Addresses;

/// Does what people have asked for in the store; `due` is the time of the outbox.
pub(super) fn take_requests(
    journal: &mut Journal,
    now: Timestamp,
    due: Timestamp,
) -> Result<(), StoreError> {
    match journal.take_requests(now, due)? {
        0 => {}
        requests => tracing::info!(actions = requests, "actions done"),
    }
    Ok(())
}

/// What a receiver depends on, where it has changed: each time is an entry in the journal.
pub(super) fn set_addresses(
    journal: &mut Journal,
    now: Timestamp,
    receiver: Receiver,
    found: Addresses,
) {
    let known = journal.dispatcher().addresses(&receiver);
    let mut addresses = found.known;
    if found.in_part {
        addresses.extend(known);
        addresses.sort_unstable();
        addresses.dedup();
    }
    if addresses == known {
        return;
    }
    tracing::info!(%receiver, ?addresses, "receiver depends on these addresses");
    let action = Action::SetAddresses { receiver, addresses };
    if let Err(refusal) = journal.command(now, Command { by: "dns".into(), action }) {
        tracing::error!(%refusal, "addresses of a receiver");
    }
}

/// Takes the maintenance windows of a source in place of those that it had, if they differ.
pub(super) fn set_windows(
    journal: &mut Journal,
    now: Timestamp,
    source: String,
    windows: Vec<Window>,
) {
    let of_source = journal.dispatcher().windows().filter(|(from, _)| *from == source);
    if of_source.map(|(_, window)| window).eq(&windows) {
        return;
    }
    tracing::info!(source, windows = windows.len(), "maintenance windows have changed");
    let command = Command { by: source.clone(), action: Action::SetWindows { source, windows } };
    if let Err(refusal) = journal.command(now, command) {
        tracing::error!(%refusal, "maintenance windows are refused");
    }
}

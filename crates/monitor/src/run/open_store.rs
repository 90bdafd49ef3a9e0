//! The store of a config: opened, taken over from the engine before, or closed.

use std::collections::BTreeSet;
use std::sync::Arc;

use alerter::dispatch::{Action, Command};
use bgp::Timestamp;
use clock::{Moment, wall};
use delivery::ReplyLog;
use incidents::AsDirectory;
use store::{Journal, StoreError};

use super::calendars;
use super::carried_state::OpenStore;
use super::clock::is_recorded;
use super::store_faults::StoreFaults;
use crate::config::Config;
use crate::exit::Failure;

/// The store by this config. One that is open stays so, with what is not written yet, unless the config names
/// another.
pub(super) fn open_store<'s>(
    config: &Config,
    directory: Arc<AsDirectory>,
    known: &'s mut Option<OpenStore>,
) -> Result<&'s mut OpenStore, Failure> {
    let is_same = |open: &OpenStore| open.journal.store().path() == config.store;
    let open = match known.take_if(|open| is_same(open)) {
        Some(mut open) => {
            let changed = take_over(&mut open, config, directory);
            let open = known.insert(open);
            changed?;
            open
        }
        None => {
            if let Some(other) = known {
                // It is closed when this one is open.
                other.journal.commit(wall())?;
            }
            known.insert(open_anew(config, directory)?)
        }
    };
    announce(config, &mut open.journal);
    report_strays(config, &open.journal)?;
    Ok(open)
}

/// Closes it for good: what cannot be written now is lost.
pub(super) fn close_store(open: OpenStore) -> Result<(), Failure> {
    open.journal.close(wall())?;
    Ok(())
}

fn take_over(
    open: &mut OpenStore,
    config: &Config,
    directory: Arc<AsDirectory>,
) -> Result<(), StoreError> {
    open.journal.change_rules(config.rules(), config.dispatch_rules(), directory)
}

/// A monitor that does not start is mute: a store that nobody can read is set aside.
fn open_anew(config: &Config, directory: Arc<AsDirectory>) -> Result<OpenStore, StoreError> {
    let (now, rules, dispatcher) = (Moment::now(), config.rules(), config.dispatch_rules());
    let (journal, opening, aside) =
        Journal::open_or_set_aside(&config.store, now.wall, rules, dispatcher, directory)?;
    let mut faults = StoreFaults::default();
    if let Some(aside) = aside {
        let aside = aside.display();
        let what = format!("the store was corrupt and is now {aside}; a new one was begun");
        faults.note_file(what, now);
    }
    let store = config.store.display();
    tracing::info!(%store, checkpoint = opening.checkpoint, entries = opening.entries, "store open");
    let replies = ReplyLog::load(journal.store())?;
    Ok(OpenStore { journal, replies, faults })
}

/// The maintenance windows of the config, and that those are gone of calendars that it does not have.
fn announce(config: &Config, journal: &mut Journal) {
    // Recordings tell their own time: for them this is before everything.
    let now = if is_recorded(&config.feeds) { Timestamp::default() } else { wall() };
    let mut sources = vec![("config".to_owned(), config.maintenance.clone())];
    sources.extend(forgotten(config, journal).into_iter().map(|source| (source, Vec::new())));
    for (source, windows) in sources {
        let action = Action::SetWindows { source, windows };
        if let Err(refusal) = journal.command(now, Command { by: "config".into(), action }) {
            tracing::error!(%refusal, "[[maintenance]] does not hold");
        }
    }
}

fn report_strays(config: &Config, journal: &Journal) -> Result<(), StoreError> {
    let mut waiting = journal.store().outbox().waiting()?;
    waiting.retain(|(channel, _)| !config.has_channel(channel));
    for (channel, notifications) in waiting {
        tracing::error!(
            %channel,
            notifications,
            "notifications wait for a channel that the config does not have"
        );
    }
    Ok(())
}

/// The calendars that the config no longer names, and of which windows are left.
fn forgotten(config: &Config, journal: &Journal) -> BTreeSet<String> {
    let known: Vec<_> = config.calendars.iter().map(|one| calendars::source(&one.name)).collect();
    let sources = journal.dispatcher().windows().map(|(source, _)| source);
    let left = sources.filter(|source| source.starts_with(calendars::SOURCE));
    left.filter(|source| !known.iter().any(|one| one == source)).map(str::to_owned).collect()
}

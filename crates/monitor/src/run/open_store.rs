//! The store of a config: opened, taken over from the engine before, or closed.

use std::collections::BTreeSet;
use std::sync::Arc;

use alerter::dispatch::{Action, Command};
use bgp::Timestamp;
use clock::{Moment, wall};
use delivery::ReplyLog;
use incidents::AsDirectory;
use store::{Journal, StoreError, Substitute};

use super::calendars;
use super::carried_state::OpenStore;
use super::clock::is_recorded;
use super::store_faults::{StoreFaults, Writer};
use crate::config::Config;
use crate::exit::Failure;

/// The store by this config. One that is open stays so, with what is not written yet, unless the config names
/// another.
pub(super) fn open_store<'s>(
    config: &Config,
    directory: Arc<AsDirectory>,
    known: &'s mut Option<OpenStore>,
) -> Result<&'s mut OpenStore, Failure> {
    let open = match known.take_if(|open| goes_on(open, config)) {
        Some(mut open) => {
            let changed = take_over(&mut open, config, directory);
            let open = known.insert(open);
            changed?;
            open
        }
        None => {
            let first = known.is_none();
            if let Some(other) = known {
                // It is closed when this one is open.
                write_down(&mut other.journal)?;
            }
            known.insert(open_anew(config, directory, first)?)
        }
    };
    announce(config, &mut open.journal);
    report_strays(config, &open.journal)?;
    Ok(open)
}

/// Closes it for good: what cannot be written now is lost.
pub(super) fn close_store(mut open: OpenStore) -> Result<(), Failure> {
    write_down(&mut open.journal)?;
    open.journal.close(wall())?;
    Ok(())
}

/// Whether what is open serves this config: then it is not opened anew.
fn goes_on(open: &mut OpenStore, config: &Config) -> bool {
    let store = open.journal.store();
    if store.path() == config.store {
        return true;
    }
    // One that could not be used, in whose place the config names one that is still to be made.
    let moves = store.is_in_memory() && !config.store.exists();
    if moves {
        open.journal.move_to(&config.store);
    }
    moves
}

/// Whatever is not in the file yet.
fn write_down(journal: &mut Journal) -> Result<(), StoreError> {
    journal.commit(wall())?;
    if journal.store().is_in_memory() {
        journal.put_back(wall())?;
    }
    Ok(())
}

fn take_over(
    open: &mut OpenStore,
    config: &Config,
    directory: Arc<AsDirectory>,
) -> Result<(), StoreError> {
    open.journal.change_rules(config.rules(), config.dispatch_rules(), directory)
}

/// A monitor that does not start is mute: it does so without the store where it has to. Where another runs already,
/// that goes on instead.
fn open_anew(
    config: &Config,
    directory: Arc<AsDirectory>,
    first: bool,
) -> Result<OpenStore, StoreError> {
    let (now, rules, dispatcher) = (Moment::now(), config.rules(), config.dispatch_rules());
    let (journal, opening, substitute) =
        Journal::open_or_begin(&config.store, now.wall, rules, dispatcher, directory)?;
    let mut faults = StoreFaults::default();
    match substitute {
        None => {}
        Some(Substitute::SetAside(aside)) => {
            let aside = aside.display();
            let what = format!("the store was corrupt and is now {aside}; a new one was begun");
            faults.note_file(what, now);
        }
        Some(Substitute::InMemory(error)) if first => {
            faults.note(Writer::File, &Err::<(), _>(error));
            tracing::error!(
                "until then everything is kept in memory, and lost if this ends before"
            );
        }
        Some(Substitute::InMemory(error)) => return Err(error),
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

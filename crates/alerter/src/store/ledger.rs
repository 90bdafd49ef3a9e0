use std::path::Path;
use std::sync::Arc;

use bgp::{Route, Timestamp, Vantage};
use validator::{Finding, Sieve};

use super::file::{Batch, Entry};
use super::{Store, StoreError};
use crate::desk::Destination;
use crate::{AsDirectory, Incidents, Notice, Rules, Sources};

/// Journal entries after which a checkpoint is made: folding so many takes a fraction of a second
/// at the next start.
const CHECKPOINT_EVERY: usize = 20_000;

/// The engine with its store: what [`commit`](Self::commit) has returned from outlives anything.
///
/// Between commits the engine is ahead of the store; a crash then loses what was taken in since,
/// and the feed, asked from its last [`position`](Self::set_position), brings it again.
#[derive(Debug)]
pub struct Ledger {
    incidents: Incidents,
    store: Store,
    destinations: Vec<Destination>,
    batch: Batch,
    journal: usize,
}

/// What was found when the ledger was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whether there was a checkpoint.
    pub checkpoint: bool,
    /// How many journal entries were folded on top of it.
    pub entries: usize,
}

impl Ledger {
    /// Opens the store and goes on where it ended. Every notice goes to all `destinations`.
    ///
    /// # Errors
    ///
    /// As [`Store::open`], and where what the store holds cannot be read.
    pub fn open(
        path: &Path,
        rules: Rules,
        directory: Arc<AsDirectory>,
        sources: Sources,
        destinations: Vec<Destination>,
    ) -> Result<(Self, Opening), StoreError> {
        let store = Store::open(path)?;
        let (checkpoint, entries) = store.load()?;
        let mut incidents = match &checkpoint {
            Some(saved) => Incidents::restore(rules, directory, saved)?,
            None => Incidents::new(rules, directory),
        };
        incidents.set_sources(sources);
        let opening = Opening { checkpoint: checkpoint.is_some(), entries: entries.len() };
        for entry in entries {
            fold(&mut incidents, entry);
            // They were written with the entry that caused them.
            while incidents.poll().is_some() {}
        }
        let (batch, journal) = (Batch::default(), opening.entries);
        Ok((Ledger { incidents, store, destinations, batch, journal }, opening))
    }

    /// Takes a finding in. Durable after the next commit.
    pub fn handle(&mut self, now: Timestamp, finding: Finding) {
        self.take(Entry { now, finding: Some(finding) });
    }

    /// Does what is due at `now`. Durable after the next commit.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.incidents.next_timeout().is_some_and(|due| due <= now) {
            self.take(Entry { now, finding: None });
        }
    }

    /// Judges every current route again, because the RPKI data or the watch list changed. Durable
    /// after the next commit.
    pub fn judge_again(&mut self, now: Timestamp, sieve: &Sieve) {
        let judge =
            |prefix, route: &Arc<Route>, vantage: &Vantage| sieve.judge(prefix, route, vantage);
        for finding in self.incidents.judged_anew(now, judge) {
            self.handle(now, finding);
        }
    }

    /// Notes how far a feed was read; written together with what it brought.
    pub fn set_position(&mut self, feed: &str, value: impl Into<String>) {
        self.batch.positions.retain(|(name, _)| name != feed);
        self.batch.positions.push((feed.to_owned(), value.into()));
    }

    /// What the following notices say of what our sight is worth.
    pub fn set_sources(&mut self, sources: Sources) {
        self.incidents.set_sources(sources);
    }

    /// Whether a notice waits to be made durable: then commit at once.
    pub fn has_notices(&self) -> bool {
        !self.batch.notices.is_empty()
    }

    /// Writes everything since the last commit in one transaction; returns the notices in it,
    /// which now stand in the outbox too.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one. Nothing is lost then: the next commit writes it all.
    pub fn commit(&mut self) -> Result<Vec<Notice>, StoreError> {
        if !self.batch.entries.is_empty() || !self.batch.positions.is_empty() {
            if self.has_notices() {
                self.batch.summaries = self.incidents.summaries();
            }
            self.store.write(&self.batch, &self.destinations)?;
            self.journal += self.batch.entries.len();
        }
        let batch = std::mem::take(&mut self.batch);
        if self.journal >= CHECKPOINT_EVERY {
            self.checkpoint()?;
        }
        Ok(batch.notices)
    }

    /// Commits, and writes the engine's memory whole, so that the next start has nothing to fold.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; what was committed before stays.
    pub fn close(mut self) -> Result<Vec<Notice>, StoreError> {
        let notices = self.commit()?;
        self.checkpoint()?;
        Ok(notices)
    }

    /// The engine, for those who only look.
    pub fn incidents(&self) -> &Incidents {
        &self.incidents
    }

    /// The store, for those who deliver.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Only right after a commit: what is not in the store yet must not be in a checkpoint.
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.store.checkpoint(&self.incidents.save()?)?;
        self.journal = 0;
        Ok(())
    }

    fn take(&mut self, entry: Entry) {
        self.batch.entries.push(entry.clone());
        fold(&mut self.incidents, entry);
        while let Some(notice) = self.incidents.poll() {
            self.batch.notices.push(notice);
        }
    }
}

/// One step of the engine: the same when it happens and when it is read back.
fn fold(incidents: &mut Incidents, entry: Entry) {
    match entry.finding {
        Some(finding) => incidents.handle(entry.now, finding),
        None => incidents.handle_timeout(entry.now),
    }
}

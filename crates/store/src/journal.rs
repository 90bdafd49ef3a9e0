use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alerter::dispatch::{Command, DispatchRules, Dispatcher, Refusal};
use alerter::{AnnotatedIncident, AnnotatedNotice, Notification, Queue};
use bgp::{Route, Timestamp, Vantage};
use incidents::{AsDirectory, IncidentId, IncidentSummary, Incidents, Rules, Sources};
use validator::{Classifier, Finding};

use crate::displaced::Displaced;
use crate::entry::{Entry, Event};
use crate::error::StoreError;
use crate::file::{Batch, SavedState, Store};
use crate::inode::set_aside;
use crate::kept::Kept;
use crate::request::{Answer, Request};
use crate::silences::Silences;
use crate::state_machine::{Output, StateMachine};

/// Journal entries after which a checkpoint is made: folding so many takes a fraction of a second
/// at the next start.
const CHECKPOINT_EVERY: usize = 20_000;

/// How often the table of incidents is written whole, by the time of the engine: those that a notice
/// is about are written with it, and ten thousand others need not be for each.
const REFRESH_EVERY: Duration = Duration::from_secs(10);

/// The engine with its store: what [`commit`](Self::commit) has returned from outlives anything.
///
/// Between commits the engine is ahead of the store; a crash then loses what was taken in since,
/// and the feed, asked from its last [`position`](Self::set_position), brings it again.
///
/// ```no_run
/// use alerter::ChannelName;
/// use alerter::dispatch::DispatchRules;
/// use incidents::{AsDirectory, Rules, Sources};
/// use store::Journal;
///
/// # fn deliver(now: bgp::Timestamp, finding: validator::Finding) -> Result<(), store::StoreError> {
/// let (rules, directory) = (DispatchRules::default(), AsDirectory::default().into());
/// let path = "originwatch.db".as_ref();
/// let (mut journal, _) = Journal::open(path, Rules::default(), rules, directory, Sources::default())?;
/// journal.handle(now, finding);
/// for notice in journal.commit(now)? {
///     println!("{}", notice.title);
/// }
/// let outbox = journal.store().outbox();
/// for delivery in outbox.due(&ChannelName::Mail, now, 10)? {
///     outbox.record_taken(delivery.number)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Journal {
    state: StateMachine,
    store: Store,
    batch: Batch,
    /// The next commit writes a checkpoint: entries were left out of the batch, or the rules have changed.
    whole: bool,
    journaled: usize,
    now: Timestamp,
    /// When the table of incidents was written whole.
    refreshed: Timestamp,
    /// Orders since the last commit: annotations may have changed.
    ordered: bool,
    /// How far each feed was read, whether that is written or not.
    positions: BTreeMap<String, String>,
    kept: Kept,
}

/// What there is in place of the store that was to be opened.
#[derive(Debug)]
pub enum Substitute {
    /// It was corrupt, and lies here now: this is a new one.
    SetAside(PathBuf),
    /// It cannot be used, for this reason: this one lies in memory until it can.
    InMemory(StoreError),
}

/// What was found when the journal was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whether there was a checkpoint.
    pub checkpoint: bool,
    /// How many journal entries were folded on top of it.
    pub entries: usize,
}

impl Journal {
    /// Opens the store and goes on where it ended.
    ///
    /// # Errors
    ///
    /// As [`Store::open`], and where what the store holds cannot be read.
    pub fn open(
        path: &Path,
        rules: Rules,
        dispatcher: DispatchRules,
        directory: Arc<AsDirectory>,
        sources: Sources,
    ) -> Result<(Self, Opening), StoreError> {
        Journal::on(Store::open(path)?, rules, dispatcher, directory, sources)
    }

    /// As [`open`](Self::open), but a monitor that does not start is mute: a store that is corrupt is set aside for a
    /// new one, and one that cannot be used is kept in memory until it can. The third says so.
    ///
    /// # Errors
    ///
    /// Where another instance works on the store.
    pub fn open_or_begin(
        path: &Path,
        now: Timestamp,
        rules: Rules,
        dispatcher: DispatchRules,
        directory: Arc<AsDirectory>,
    ) -> Result<(Self, Opening, Option<Substitute>), StoreError> {
        let on = |store: Store| {
            store.check()?;
            let (rules, dispatcher) = (rules.clone(), dispatcher.clone());
            Journal::on(store, rules, dispatcher, directory.clone(), Sources::default())
        };
        let begin = || on(Store::open(path)?);
        let begun = match begin() {
            Ok((journal, opening)) => return Ok((journal, opening, None)),
            Err(error) if error.is_corrupt() => set_aside(path, "corrupt", now)
                .map_err(|error| StoreError::file(path, error))
                .and_then(|aside| Ok((begin()?, Substitute::SetAside(aside)))),
            Err(error) => Err(error),
        };
        let ((mut journal, opening), substitute) = match begun {
            Ok(begun) => begun,
            Err(error @ StoreError::InUse { .. }) => return Err(error),
            Err(error) => {
                let copy = on(Store::in_memory(path)?);
                let begun = match copy {
                    Ok(begun) => begun,
                    // What it holds cannot be read.
                    Err(_) => on(Store::new_in_memory(path)?)?,
                };
                (begun, Substitute::InMemory(error))
            }
        };
        if !journal.store.is_copy() {
            // What was told before is not known: the same evidence must not get a name that is taken.
            journal.state.incidents.lose_history(now);
            journal.whole = true;
        }
        Ok((journal, opening, Some(substitute)))
    }

    fn on(
        store: Store,
        rules: Rules,
        dispatcher: DispatchRules,
        directory: Arc<AsDirectory>,
        sources: Sources,
    ) -> Result<(Self, Opening), StoreError> {
        let (checkpoint, entries) = store.load()?;
        let mut incidents = match &checkpoint.engine {
            Some(saved) => Incidents::restore(rules, directory, saved)?,
            None => Incidents::new(rules, directory),
        };
        incidents.set_sources(sources);
        let dispatcher = match &checkpoint.dispatcher {
            Some(saved) => Dispatcher::restore(dispatcher, saved)?,
            None => Dispatcher::new(dispatcher),
        };
        let opening = Opening { checkpoint: checkpoint.engine.is_some(), entries: entries.len() };
        let mut state = StateMachine { incidents, dispatcher };
        let mut now = Timestamp::default();
        for entry in entries {
            now = now.max(entry.now);
            // What comes of it was written with it.
            state.take(entry);
        }
        let positions = store.positions()?;
        let kept = Kept::of(store.outbox())?;
        let journal = Journal {
            state,
            store,
            batch: Batch::default(),
            whole: false,
            journaled: opening.entries,
            now,
            refreshed: Timestamp::default(),
            ordered: false,
            positions,
            kept,
        };
        Ok((journal, opening))
    }

    /// Goes on by other rules, as if it were opened anew by them; the store stays open, and what is not
    /// committed yet is kept.
    ///
    /// # Errors
    ///
    /// Where what engine and dispatcher know cannot be written or read back: then they go on as they were.
    pub fn change_rules(
        &mut self,
        rules: Rules,
        dispatcher: DispatchRules,
        directory: Arc<AsDirectory>,
    ) -> Result<(), StoreError> {
        let StateMachine { incidents, dispatcher: known } = &self.state;
        let dispatcher = Dispatcher::restore(dispatcher, &known.save()?)?;
        let mut anew = Incidents::restore(rules, directory, &incidents.save()?)?;
        anew.set_sources(incidents.view().sources().clone());
        self.state = StateMachine { incidents: anew, dispatcher };
        self.whole = true;
        Ok(())
    }

    /// Looks whether the file is still the one that was opened. One that was deleted or replaced is written anew,
    /// with all that was committed, as is one that could not be used, as soon as it can.
    ///
    /// # Errors
    ///
    /// Where it cannot be looked at or written anew, and where another instance has taken its place.
    pub fn put_back(&mut self, now: Timestamp) -> Result<Option<Displaced>, StoreError> {
        if self.store.is_in_memory() && self.whole {
            // A checkpoint goes first: after a crash the file must tell what it has told.
            return Ok(None);
        }
        self.kept.forget_ended(self.store.outbox())?;
        self.store.put_back(now)
    }

    /// The path of the file that is to be written, for a store that lies in [memory](Store::is_in_memory).
    pub fn move_to(&mut self, path: &Path) {
        self.store.move_to(path);
    }

    /// Goes on without the file, since nobody can [read](StoreError::is_corrupt) it any more: with all that is known
    /// in memory, and what waits in the outbox. The next [`put_back`](Self::put_back) writes a new file.
    ///
    /// # Errors
    ///
    /// Where there is no memory: then nothing has changed.
    pub fn leave_file(&mut self) -> Result<(), StoreError> {
        let deliveries = self.kept.with_readable(self.store.outbox());
        self.store.leave_file(&self.positions, &deliveries)?;
        // Numbers go on from those that wait.
        self.kept = Kept::of(self.store.outbox())?;
        self.whole = true;
        Ok(())
    }

    /// The latest time that it was told: the next must not be earlier.
    pub fn now(&self) -> Timestamp {
        self.now.max(self.state.incidents.view().now())
    }

    /// Takes a finding in. Durable after the next commit.
    pub fn handle(&mut self, now: Timestamp, finding: Finding) {
        self.take(Entry { now, event: Event::Finding(Box::new(finding)) });
    }

    /// Does what somebody wants. Durable after the next commit.
    ///
    /// # Errors
    ///
    /// Where it makes no sense now.
    pub fn command(&mut self, now: Timestamp, command: Command) -> Result<(), Refusal> {
        self.ordered = true;
        self.take(Entry { now, event: Event::Command(command) }).map_or(Ok(()), Err)
    }

    /// Does what others have asked for since the last time; how many requests there were. Answers
    /// are written with what came of them, at the next commit: a crash in between does nothing
    /// twice. `due` is the time of the outbox.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; the requests are then still there.
    pub fn take_requests(&mut self, now: Timestamp, due: Timestamp) -> Result<usize, StoreError> {
        // Those that were done and are not written down yet still stand there.
        if !self.batch.answers.is_empty() {
            return Ok(0);
        }
        let requests = self.store.unanswered()?;
        let many = requests.len();
        for (number, request) in requests {
            let answer = match request {
                Ok(Request::Command(command)) => match self.command(now, command) {
                    Ok(()) => Answer::Done,
                    Err(refusal) => Answer::Refused(refusal.to_string()),
                },
                Ok(Request::Flush) => {
                    self.store.outbox().flush(due)?;
                    Answer::Done
                }
                Ok(Request::Requeue) => {
                    self.store.outbox().requeue(due)?;
                    Answer::Done
                }
                Err(error) => Answer::Refused(format!("the request cannot be read: {error}")),
            };
            self.ordered = true;
            self.batch.answers.push((number, answer));
        }
        Ok(many)
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.state.next_timeout()
    }

    /// Does what is due at `now`. Durable after the next commit.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.next_timeout().is_some_and(|due| due <= now) {
            self.take(Entry { now, event: Event::Time });
        }
    }

    /// Judges every current route again, because the RPKI data or the watch list changed. Durable
    /// after the next commit.
    pub fn judge_again(&mut self, now: Timestamp, classifier: &Classifier) {
        let judge = |prefix, route: &Arc<Route>, vantage: &Vantage| {
            classifier.judge(prefix, route, vantage)
        };
        for finding in self.state.incidents.view().judged_anew(now, judge) {
            self.handle(now, finding);
        }
    }

    /// Notes how far a feed was read; written together with what it brought.
    pub fn set_position(&mut self, feed: &str, value: impl Into<String>) {
        let value = value.into();
        self.positions.insert(feed.to_owned(), value.clone());
        self.batch.positions.insert(feed.to_owned(), value);
    }

    /// What the following notices say of the data sources.
    pub fn set_sources(&mut self, sources: Sources) {
        self.state.incidents.set_sources(sources);
    }

    /// What waits to be delivered, as the daily digest tells it.
    pub fn set_queue(&mut self, queue: Queue) {
        self.state.dispatcher.set_queue(queue);
    }

    /// Whether a notice, a notification or a command waits to be made durable: then commit at once.
    pub fn has_notices(&self) -> bool {
        self.ordered || !self.batch.notices.is_empty() || !self.batch.notifications.is_empty()
    }

    /// Writes everything since the last commit in one transaction; returns the notices in it, whose
    /// notifications now stand in the outbox too, due at `due` by the clock of whoever delivers.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one. Nothing is lost then: the next commit writes it all.
    pub fn commit(&mut self, due: Timestamp) -> Result<Vec<AnnotatedNotice>, StoreError> {
        let Batch { entries, positions, answers, .. } = &self.batch;
        let is_empty = entries.is_empty() && positions.is_empty() && answers.is_empty();
        if self.whole || !is_empty {
            self.batch.checkpoint = self.checkpoint_if_whole()?;
            if self.has_notices() {
                self.batch.summaries = self.refresh();
            }
            self.batch.silences = self.ordered.then(|| self.silences());
            self.store.write(&self.batch, due)?;
            self.journaled = match self.whole {
                true => 0,
                false => self.journaled + self.batch.entries.len(),
            };
            (self.whole, self.ordered) = (false, false);
        }
        let batch = std::mem::take(&mut self.batch);
        if !batch.notifications.is_empty()
            && let Err(error) = self.kept.take_in(self.store.outbox())
        {
            // What nobody can read back is written once more.
            self.batch.notices = batch.notices;
            self.batch.notifications = batch.notifications;
            return Err(error);
        }
        if self.journaled >= CHECKPOINT_EVERY {
            self.checkpoint()?;
        }
        Ok(batch.notices)
    }

    /// The notifications that the next commit writes: nothing delivers them before.
    pub fn unwritten(&self) -> &[Notification] {
        &self.batch.notifications
    }

    /// Commits, and writes the engine's memory whole, so that the next start has nothing to fold.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; what was committed before stays.
    pub fn close(mut self, due: Timestamp) -> Result<Vec<AnnotatedNotice>, StoreError> {
        let notices = self.commit(due)?;
        self.checkpoint()?;
        Ok(notices)
    }

    /// The engine, for those who only look.
    pub fn incidents(&self) -> &Incidents {
        &self.state.incidents
    }

    /// The dispatcher, for those who only look.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.state.dispatcher
    }

    /// Every incident that is not over for good, with its annotations.
    pub fn summaries(&self) -> Vec<AnnotatedIncident> {
        self.marked(self.state.incidents.view().summaries())
    }

    /// The store, for those who deliver.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What engine and dispatcher know, where the entries alone do not say it.
    fn checkpoint_if_whole(&mut self) -> Result<Option<SavedState>, StoreError> {
        if !self.whole {
            return Ok(None);
        }
        // All that they know is much to be put together in vain.
        self.store.probe()?;
        let (engine, dispatcher) = (self.state.incidents.save()?, self.state.dispatcher.save()?);
        Ok(Some(SavedState { engine, dispatcher }))
    }

    fn silences(&self) -> Silences {
        let dispatcher = &self.state.dispatcher;
        let windows =
            dispatcher.windows().map(|(source, window)| (source.to_owned(), window.clone()));
        Silences { silences: dispatcher.silences().to_vec(), windows: windows.collect() }
    }

    /// What has to be written of the table of incidents.
    fn refresh(&mut self) -> Vec<AnnotatedIncident> {
        if self.ordered || self.now.since(self.refreshed) >= REFRESH_EVERY {
            self.refreshed = self.now;
            return self.summaries();
        }
        let told: BTreeSet<IncidentId> =
            self.batch.notices.iter().map(|notice| notice.incident.clone()).collect();
        self.marked(self.state.incidents.view().summaries_of(&told))
    }

    fn marked(&self, summaries: Vec<IncidentSummary>) -> Vec<AnnotatedIncident> {
        let marked = |summary: IncidentSummary| {
            let annotations =
                self.state.dispatcher.annotations(&summary.incident).cloned().unwrap_or_default();
            AnnotatedIncident { summary, annotations }
        };
        summaries.into_iter().map(marked).collect()
    }

    /// Only right after a commit: what is not in the store yet must not be in a checkpoint.
    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let (engine, dispatcher) = (self.state.incidents.save()?, self.state.dispatcher.save()?);
        self.store.checkpoint(&engine, &dispatcher, &self.summaries())?;
        self.journaled = 0;
        Ok(())
    }

    /// While nothing can be written the entries must not fill the memory: a checkpoint says as much.
    fn remember(&mut self, entry: &Entry) {
        self.whole |= self.batch.entries.len() >= CHECKPOINT_EVERY;
        match self.whole {
            true => self.batch.entries.clear(),
            false => self.batch.entries.push(entry.clone()),
        }
    }

    fn take(&mut self, entry: Entry) -> Option<Refusal> {
        self.now = self.now.max(entry.now);
        self.remember(&entry);
        let Output { notices, notifications, refusal } = self.state.take(entry);
        self.batch.notices.extend(notices);
        self.batch.notifications.extend(notifications);
        refusal
    }
}

use std::time::Duration;

use clock::Moment;
use store::{Displaced, Journal, StoreError};
use validator::{Condition, IncidentKind};

/// How long a file that is another one counts as trouble.
const TOLD_FOR: Duration = Duration::from_secs(600);

/// How often a store in memory is tried to be written into its file: on a disk that is nearly full that is much.
const TRY_EVERY: Duration = Duration::from_secs(10);

/// What is wrong with the store, as people are told of it.
#[derive(Debug, Default)]
pub(super) struct StoreFaults {
    journal: Option<String>,
    outbox: Option<String>,
    requests: Option<String>,
    /// The file is gone, and cannot be written anew.
    file: Option<String>,
    /// What became of the file, and when.
    displaced: Option<(String, Moment)>,
    /// Nobody can read the file any more.
    corrupt: bool,
    /// When it could not be written anew.
    failed: Option<Moment>,
}

/// What writes into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// What the engine takes in.
    Journal,
    /// What becomes of deliveries.
    Outbox,
    /// What others ask for.
    Requests,
    /// The whole file.
    File,
}

impl StoreFaults {
    /// Notes whether it was written, and logs what has changed.
    pub(super) fn note<T>(&mut self, writer: Writer, written: &Result<T, StoreError>) {
        let before = self.text().map(str::to_owned);
        let fault = match writer {
            Writer::Journal => &mut self.journal,
            Writer::Outbox => &mut self.outbox,
            Writer::Requests => &mut self.requests,
            Writer::File => &mut self.file,
        };
        self.corrupt |= written.as_ref().is_err_and(StoreError::is_corrupt);
        *fault =
            written.as_ref().err().map(|error| format!("the store cannot be written: {error}"));
        match (before, self.text()) {
            (Some(_), None) => tracing::info!("the store can be written again"),
            (before, Some(fault)) if before.as_deref() != Some(fault) => {
                tracing::error!("{fault}; trying again until it can");
            }
            (None | Some(_), None | Some(_)) => {}
        }
    }

    /// What is wrong now.
    pub(super) fn text(&self) -> Option<&str> {
        let faults = [&self.journal, &self.outbox, &self.file, &self.requests];
        faults.into_iter().find_map(|fault| fault.as_deref())
    }

    /// What the journal could not write: then notifications go out from memory.
    pub(super) fn of_journal(&self) -> Option<&str> {
        self.journal.as_deref()
    }

    /// The file may have been deleted or replaced, and SQLite would go on with one that nobody else sees; or nobody
    /// can read it, and it is done without.
    pub(super) fn look_after(&mut self, journal: &mut Journal, now: Moment) {
        if std::mem::take(&mut self.corrupt) {
            let left = journal.leave_file();
            self.note(Writer::File, &left);
        }
        let lately = |failed: Moment| now.since(failed) < TRY_EVERY;
        if journal.store().is_in_memory() && self.failed.is_some_and(lately) {
            return;
        }
        let put_back = journal.put_back(now.wall);
        self.failed = put_back.is_err().then_some(now);
        if put_back.is_err() || !journal.store().is_in_memory() {
            self.note(Writer::File, &put_back);
        }
        match put_back {
            // Nobody has done anything to the file.
            Ok(Some(displaced @ Displaced::Unusable { aside: None })) => {
                tracing::info!("{displaced}")
            }
            Ok(Some(displaced)) => self.note_file(displaced.to_string(), now),
            Ok(None) | Err(_) => {}
        }
    }

    /// Somebody did something to the file, which is a new one now.
    pub(super) fn note_file(&mut self, what: String, now: Moment) {
        tracing::error!("{what}");
        self.displaced = Some((what, now));
    }

    /// What people are told.
    pub(super) fn conditions(&self, now: Moment) -> [Condition; 2] {
        let lately = |(_, at): &&(String, Moment)| now.since(*at) < TOLD_FOR;
        let displaced = self.displaced.as_ref().filter(lately).map(|(what, _)| what.as_str());
        let condition = |subject: &str, what: Option<&str>| Condition {
            kind: IncidentKind::StoreFailing,
            subject: subject.to_owned(),
            details: what.map(str::to_owned).into_iter().collect(),
            active: what.is_some(),
        };
        [condition("store", self.text()), condition("file of the store", displaced)]
    }
}

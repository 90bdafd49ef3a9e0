use std::time::Duration;

use clock::Moment;
use store::{Journal, StoreError};
use validator::{Condition, IncidentKind};

/// How long a file that is another one counts as trouble.
const TOLD_FOR: Duration = Duration::from_secs(600);

/// What is wrong with the store, as people are told of it.
#[derive(Debug, Default)]
pub(super) struct StoreFaults {
    journal: Option<String>,
    outbox: Option<String>,
    /// The file is gone, and cannot be written anew.
    file: Option<String>,
    /// What became of the file, and when.
    displaced: Option<(String, Moment)>,
}

/// What writes into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// What the engine takes in.
    Journal,
    /// What becomes of deliveries.
    Outbox,
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
            Writer::File => &mut self.file,
        };
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
        self.journal.as_deref().or(self.outbox.as_deref()).or(self.file.as_deref())
    }

    /// What the journal could not write: then notifications go out from memory.
    pub(super) fn of_journal(&self) -> Option<&str> {
        self.journal.as_deref()
    }

    /// The file may have been deleted or replaced: SQLite would go on with one that nobody else sees.
    pub(super) fn look_after(&mut self, journal: &mut Journal, now: Moment) {
        let put_back = journal.put_back(now.wall);
        self.note(Writer::File, &put_back);
        if let Ok(Some(displaced)) = put_back {
            self.note_file(displaced.to_string(), now);
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

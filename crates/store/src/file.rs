use std::fs::File;
use std::path::Path;

use alerter::{AnnotatedIncident, AnnotatedNotice, Notification};
use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::entry::{Entry, read_entries, write_entries};
use crate::error::StoreError;
use crate::incident::{write_incidents, write_notices};
use crate::lock::lock;
use crate::outbox::{Outbox, write_notifications};
use crate::request::{Answer, Request, unanswered, write_answers};
use crate::schema;
use crate::silences::{Silences, write_silences};

/// The SQLite file. One process holds it open for writing; others may read.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// Held for as long as the store is: the operating system frees it even after `kill -9`.
    _lock: File,
}

/// What engine and dispatcher know; none of what an older version did not write.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    pub(crate) engine: Option<Vec<u8>>,
    pub(crate) dispatcher: Option<Vec<u8>>,
}

/// What belongs together: all of it is written, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) notices: Vec<AnnotatedNotice>,
    pub(crate) notifications: Vec<Notification>,
    pub(crate) summaries: Vec<AnnotatedIncident>,
    pub(crate) positions: Vec<(String, String)>,
    pub(crate) answers: Vec<(i64, Answer)>,
    /// What others may see of the dispatcher, where that has changed.
    pub(crate) silences: Option<Silences>,
}

impl Store {
    /// Opens or makes the file at `path`.
    ///
    /// # Errors
    ///
    /// Where another instance has it, where it is not ours, and where SQLite or the file system
    /// refuses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let mut connection = Connection::open(path)?;
        schema::prepare(&mut connection)?;
        Ok(Store { connection, _lock: lock })
    }

    /// The last checkpoint, and what came after it.
    pub(crate) fn load(&self) -> Result<(Checkpoint, Vec<Entry>), StoreError> {
        let checkpoint = "SELECT engine, desk FROM checkpoint";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Checkpoint { engine: row.get(0)?, dispatcher: row.get(1)? })
        };
        let checkpoint = self.connection.query_row(checkpoint, [], row).optional()?;
        Ok((checkpoint.unwrap_or_default(), read_entries(&self.connection)?))
    }

    /// How far a feed was read when the last commit was made.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn position(&self, feed: &str) -> Result<Option<String>, StoreError> {
        let position = "SELECT value FROM position WHERE feed = ?";
        Ok(self.connection.query_row(position, [feed], |row| row.get(0)).optional()?)
    }

    /// Every notice that was ever given, as JSON, the oldest first; also those that no notification told.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn notices(&self) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT notice FROM notice ORDER BY at, incident, sequence")?;
        let notices = statement.query_map([], |row| row.get(0))?;
        Ok(notices.collect::<Result<_, _>>()?)
    }

    /// Every notification that the dispatcher ever let out, as JSON, the oldest first.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn notifications(&self) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT content FROM letter ORDER BY number")?;
        let notifications = statement.query_map([], |row| row.get(0))?;
        Ok(notifications.collect::<Result<_, _>>()?)
    }

    /// What is still to be delivered.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox::new(&self.connection)
    }

    /// Requests without an answer, the oldest first.
    pub(crate) fn unanswered(&self) -> Result<Vec<(i64, serde_json::Result<Request>)>, StoreError> {
        unanswered(&self.connection)
    }

    /// Writes a batch in one transaction, and a row in the outbox for every notification and receiver, which is
    /// due at `due`.
    pub(crate) fn write(&mut self, batch: &Batch, due: Timestamp) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        {
            write_entries(&transaction, &batch.entries)?;
            let mut position = transaction.prepare_cached(
                "INSERT INTO position VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
            )?;
            for (feed, value) in &batch.positions {
                position.execute([feed, value])?;
            }
            write_incidents(&transaction, &batch.summaries)?;
            write_notices(&transaction, &batch.notices)?;
            write_notifications(&transaction, &batch.notifications, due)?;
            write_answers(&transaction, &batch.answers)?;
            if let Some(silences) = &batch.silences {
                write_silences(&transaction, silences)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Puts a checkpoint in place of the journal.
    pub(crate) fn checkpoint(
        &mut self,
        engine: &[u8],
        dispatcher: &[u8],
        summaries: &[AnnotatedIncident],
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO checkpoint (id, engine, desk) VALUES (1, ?1, ?2)
             ON CONFLICT DO UPDATE SET engine = ?1, desk = ?2",
            [engine, dispatcher],
        )?;
        write_incidents(&transaction, summaries)?;
        transaction.execute("DELETE FROM journal", [])?;
        Ok(transaction.commit()?)
    }
}

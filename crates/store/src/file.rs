use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use validator::Finding;

use crate::request::write_answers;
use crate::{Answer, Silences, schema};
use alerter::Notification;
use alerter::dispatch::Order;
use alerter::{AnnotatedIncident, AnnotatedNotice};

/// The SQLite file. One process holds it open for writing; others may read.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    /// Held for as long as the store is: the operating system frees it even after `kill -9`.
    _lock: File,
}

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works on it.
    #[error("{path} is in use by another instance")]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// The lock file beside it cannot be made.
    #[error("{path} cannot be locked: {error}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is a database, but not ours.
    #[error("the database belongs to another program")]
    Foreign,
    /// A newer version of this program has written it.
    #[error("schema {found} is newer than {known}, the newest that this version knows")]
    Newer {
        /// What the file says.
        found: usize,
        /// What this version knows.
        known: usize,
    },
    /// An older version of this program has written it; its owner brings it up to date.
    #[error("schema {found} is older than {known}: start `originwatch run` of this version once")]
    Older {
        /// What the file says.
        found: usize,
        /// What this version works with.
        known: usize,
    },
    /// What was written cannot be read back.
    #[error("what the store holds cannot be read: {0}")]
    Content(#[from] serde_json::Error),
    /// SQLite reports an error: a full disk, a broken file, missing rights.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// One thing that engine and dispatcher took in.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) now: Timestamp,
    pub(crate) event: Event,
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Finding(Box<Finding>),
    Order(Order),
    /// Only time went on.
    Time,
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
    pub(crate) board: Option<Silences>,
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
        let mut statement =
            self.connection.prepare("SELECT now, finding, wanted FROM journal ORDER BY number")?;
        let mut rows = statement.query([])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let event = match (row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?) {
                (Some(finding), _) => Event::Finding(serde_json::from_str(&finding)?),
                (None, Some(order)) => Event::Order(serde_json::from_str(&order)?),
                (None, None) => Event::Time,
            };
            entries.push(Entry { now: Timestamp::from_micros(row.get(0)?), event });
        }
        Ok((checkpoint.unwrap_or_default(), entries))
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

    /// Writes a batch in one transaction, and a row in the outbox for every notification and receiver.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        {
            write_journal(&transaction, &batch.entries)?;
            let mut position = transaction.prepare_cached(
                "INSERT INTO position VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
            )?;
            for (feed, value) in &batch.positions {
                position.execute([feed, value])?;
            }
            write_incidents(&transaction, &batch.summaries)?;
            write_notices(&transaction, &batch.notices)?;
            crate::outbox::write_notifications(&transaction, &batch.notifications)?;
            write_answers(&transaction, &batch.answers)?;
            if let Some(board) = &batch.board {
                let board = serde_json::to_string(board)?;
                let write = "INSERT INTO board VALUES (1, ?1)
                             ON CONFLICT DO UPDATE SET board = ?1";
                transaction.execute(write, [board])?;
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

fn write_incidents(
    transaction: &Connection,
    summaries: &[AnnotatedIncident],
) -> Result<(), StoreError> {
    let mut incident = transaction.prepare_cached(
        "INSERT INTO incident VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET state = ?2, first_seen = ?3, last_seen = ?4, summary = ?5",
    )?;
    for summary in summaries {
        incident.execute(params![
            summary.incident.as_str(),
            summary.state.name(),
            summary.first_seen.micros(),
            summary.last_seen.micros(),
            serde_json::to_string(summary)?,
        ])?;
    }
    Ok(())
}

fn write_journal(transaction: &Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let mut journal = transaction
        .prepare_cached("INSERT INTO journal (now, finding, wanted) VALUES (?, ?, ?)")?;
    for entry in entries {
        let (finding, order) = match &entry.event {
            Event::Finding(finding) => (Some(serde_json::to_string(finding)?), None),
            Event::Order(order) => (None, Some(serde_json::to_string(order)?)),
            Event::Time => (None, None),
        };
        journal.execute(params![entry.now.micros(), finding, order])?;
    }
    Ok(())
}

/// A notice that is there already is left as it is: it has been decided before a crash.
fn write_notices(transaction: &Connection, notices: &[AnnotatedNotice]) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO notice VALUES (?, ?, ?, ?, ?)")?;
    for notice in notices {
        let (at, json) = (notice.at.micros(), serde_json::to_string(notice)?);
        let id = &notice.message_id;
        insert.execute(params![id, notice.incident.as_str(), notice.sequence, at, json])?;
    }
    Ok(())
}

/// Whether somebody owns the store.
pub(crate) fn is_locked(path: &Path) -> Result<bool, StoreError> {
    match lock(path) {
        Ok(_free) => Ok(false),
        Err(StoreError::InUse { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// A lock file beside the store: SQLite's own locks would keep readers out as well.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let failed = |error| StoreError::Lock { path: lock_path.clone(), error };
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
    let file = open.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use alerter::{AnnotatedIncident, AnnotatedNotice, Notification};
use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::entry::{Entry, read_entries, write_entries};
use crate::error::StoreError;
use crate::incident::{write_incidents, write_notices};
use crate::inode::{Inode, beside, clear_beside, set_aside};
use crate::lock::lock;
use crate::outbox::{Outbox, write_notifications};
use crate::request::{Answer, Request, unanswered, write_answers};
use crate::schema;
use crate::silences::{Silences, write_silences};

/// The SQLite file. One process holds it open for writing; others may read.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    inode: Inode,
    /// Whether SQLite's log was seen beside it: before anything is read or written there is none.
    has_log: bool,
    /// Held for as long as the store is: the operating system frees it even after `kill -9`.
    lock: File,
}

/// What happened to the file while it was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Displaced {
    /// It was deleted, or the log beside it.
    Deleted,
    /// Another file took its name.
    Replaced {
        /// Where that lies now.
        aside: PathBuf,
    },
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Displaced::Deleted => {
                f.write_str("the store was deleted while in use, and is written anew")
            }
            Displaced::Replaced { aside } => write!(
                f,
                "the store was replaced while in use, and is written anew; what replaced it is now {}",
                aside.display()
            ),
        }
    }
}

/// What engine and dispatcher know; none of what an older version did not write.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    pub(crate) engine: Option<Vec<u8>>,
    pub(crate) dispatcher: Option<Vec<u8>>,
}

/// All that engine and dispatcher know, to be written.
#[derive(Debug)]
pub(crate) struct SavedState {
    pub(crate) engine: Vec<u8>,
    pub(crate) dispatcher: Vec<u8>,
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
    /// In place of the journal: what engine and dispatcher know after all this.
    pub(crate) checkpoint: Option<SavedState>,
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
        let (connection, inode) = connect(path)?;
        Ok(Store { connection, path: path.to_owned(), inode, has_log: false, lock })
    }

    /// Whether SQLite finds it as it should be.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let found: String =
            self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        match found.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Corrupt(found)),
        }
    }

    /// Looks whether the file is still where it was, and writes it anew where it was deleted or replaced. What
    /// replaced it is set aside.
    pub(crate) fn put_back(&mut self, now: Timestamp) -> Result<Option<Displaced>, StoreError> {
        let path = self.path.clone();
        let failed = |error| StoreError::file(&path, error);
        self.keep_lock()?;
        let displaced = match Inode::at(&path).map_err(failed)? {
            Some(inode) if inode == self.inode => {
                let had_log = self.has_log;
                self.has_log = Inode::at(&beside(&path, "-wal")).map_err(failed)?.is_some();
                // Without it nobody else sees what was written last.
                match had_log && !self.has_log {
                    true => Displaced::Deleted,
                    false => return Ok(None),
                }
            }
            Some(_) => {
                Displaced::Replaced { aside: set_aside(&path, "replaced", now).map_err(failed)? }
            }
            None => Displaced::Deleted,
        };
        let anew = beside(&path, ".new");
        if anew.exists() {
            fs::remove_file(&anew).map_err(failed)?;
        }
        self.connection.execute("VACUUM INTO ?", [anew.to_string_lossy()])?;
        clear_beside(&path).map_err(failed)?;
        fs::rename(&anew, &path).map_err(failed)?;
        (self.connection, self.inode) = connect(&path)?;
        self.has_log = false;
        Ok(Some(displaced))
    }

    /// A lock on a file that is gone keeps nobody out.
    fn keep_lock(&mut self) -> Result<(), StoreError> {
        let failed = |error| StoreError::file(&self.path, error);
        let held = Inode::of(&self.lock).map_err(failed)?;
        if Inode::at(&beside(&self.path, ".lock")).map_err(failed)? != Some(held) {
            self.lock = lock(&self.path)?;
        }
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
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
            match &batch.checkpoint {
                Some(SavedState { engine, dispatcher }) => {
                    write_checkpoint(&transaction, engine, dispatcher)?;
                }
                None => write_entries(&transaction, &batch.entries)?,
            }
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
        write_checkpoint(&transaction, engine, dispatcher)?;
        write_incidents(&transaction, summaries)?;
        Ok(transaction.commit()?)
    }

    /// Writes next to nothing, as little as can fail.
    pub(crate) fn probe(&mut self) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        transaction.execute("INSERT INTO position VALUES ('probe', '')", [])?;
        transaction.execute("DELETE FROM position WHERE feed = 'probe'", [])?;
        Ok(transaction.commit()?)
    }
}

/// The database, and which file it is.
fn connect(path: &Path) -> Result<(Connection, Inode), StoreError> {
    let mut connection = Connection::open(path)?;
    schema::prepare(&mut connection)?;
    let inode = Inode::at(path).map_err(|error| StoreError::file(path, error))?;
    let gone = || StoreError::file(path, io::ErrorKind::NotFound.into());
    Ok((connection, inode.ok_or_else(gone)?))
}

fn write_checkpoint(
    transaction: &Connection,
    engine: &[u8],
    dispatcher: &[u8],
) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO checkpoint (id, engine, desk) VALUES (1, ?1, ?2)
         ON CONFLICT DO UPDATE SET engine = ?1, desk = ?2",
        [engine, dispatcher],
    )?;
    transaction.execute("DELETE FROM journal", [])?;
    Ok(())
}

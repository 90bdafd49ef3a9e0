use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use alerter::{AnnotatedIncident, AnnotatedNotice, Notification};
use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::connection::{connect, copy_to_memory, new_in_memory};
use crate::displaced::{Displaced, Harm};
use crate::entry::{Entry, read_entries, write_entries};
use crate::error::StoreError;
use crate::incident::{write_incidents, write_notices};
use crate::inode::{Inode, beside, clear_beside};
use crate::lock::{keep_lock, lock};
use crate::outbox::{Delivery, Outbox, write_deliveries, write_notifications};
use crate::request::{Answer, Request, unanswered, write_answers};
use crate::silences::{Silences, write_silences};

/// The SQLite file, or what stands for it in memory while it cannot be used. One process holds it open for writing;
/// others may read.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    place: Place,
    /// Held for as long as the store is: the operating system frees it even after `kill -9`. None where it cannot
    /// be had, and then the store lies in memory.
    lock: Option<File>,
}

/// Where the store lies.
#[derive(Debug)]
enum Place {
    File {
        inode: Inode,
        /// Whether SQLite's log was seen beside it: before anything is read or written there is none.
        has_log: bool,
    },
    /// Nothing else has it, until the file can be written.
    Memory(Origin),
}

/// What a store in memory has to do with the file at its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// All that this file holds.
    Copy(Inode),
    /// This file is corrupt.
    Corrupt(Inode),
    /// Nothing: a new one was begun.
    New,
}

/// What engine and dispatcher know; none of what an older version did not write.
#[derive(Debug, Default)]
pub(crate) struct Checkpoint {
    pub(crate) engine: Option<Vec<u8>>,
    pub(crate) dispatcher: Option<Vec<u8>>,
}

impl Checkpoint {
    /// The last one.
    pub(crate) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let checkpoint = "SELECT engine, desk FROM checkpoint";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Checkpoint { engine: row.get(0)?, dispatcher: row.get(1)? })
        };
        let checkpoint = connection.query_row(checkpoint, [], row).optional()?;
        Ok(checkpoint.unwrap_or_default())
    }
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
    pub(crate) positions: BTreeMap<String, String>,
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
        let lock = Some(lock(path)?);
        let (connection, inode) = connect(path)?;
        let place = Place::File { inode, has_log: false };
        Ok(Store { connection, path: path.to_owned(), place, lock })
    }

    /// A store in memory in place of a file that cannot be used: a copy of what it holds where that can be read,
    /// else a new one.
    ///
    /// # Errors
    ///
    /// Where another instance has the file, and where there is no memory.
    pub(crate) fn in_memory(path: &Path) -> Result<Self, StoreError> {
        match copy_to_memory(path) {
            Ok((connection, inode)) => Store::with(connection, path, Origin::Copy(inode)),
            Err(_) => Store::new_in_memory(path),
        }
    }

    /// As [`in_memory`](Self::in_memory), without what the file holds.
    pub(crate) fn new_in_memory(path: &Path) -> Result<Self, StoreError> {
        Store::with(new_in_memory()?, path, Origin::New)
    }

    fn with(connection: Connection, path: &Path, origin: Origin) -> Result<Self, StoreError> {
        let lock = match lock(path) {
            Ok(lock) => Some(lock),
            Err(error @ StoreError::InUse { .. }) => return Err(error),
            // What keeps us out does so with others.
            Err(_) => None,
        };
        Ok(Store { connection, path: path.to_owned(), place: Place::Memory(origin), lock })
    }

    /// Another path from now on, for one that lies in memory.
    pub(crate) fn move_to(&mut self, path: &Path) {
        (self.path, self.lock) = (path.to_owned(), None);
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

    /// Whether the file cannot be used, and all that is written is kept in memory alone.
    pub const fn is_in_memory(&self) -> bool {
        matches!(self.place, Place::Memory(_))
    }

    /// Whether it is in memory and holds all that the file does.
    pub(crate) const fn is_copy(&self) -> bool {
        matches!(self.place, Place::Memory(Origin::Copy(_)))
    }

    /// Goes on in memory, since nobody can read the file: with these positions and deliveries.
    pub(crate) fn leave_file(
        &mut self,
        positions: &BTreeMap<String, String>,
        deliveries: &BTreeMap<i64, Delivery>,
    ) -> Result<(), StoreError> {
        let Place::File { inode, .. } = self.place else { return Ok(()) };
        let mut anew = new_in_memory()?;
        let transaction = anew.transaction()?;
        write_positions(&transaction, positions)?;
        write_deliveries(&transaction, deliveries.values())?;
        transaction.commit()?;
        self.connection = anew;
        self.place = Place::Memory(Origin::Corrupt(inode));
        Ok(())
    }

    /// Looks whether the file is still where it was, and writes it anew where it was deleted or replaced. What
    /// replaced it is set aside. A store in memory is written into the file, if that can be written.
    pub(crate) fn put_back(&mut self, now: Timestamp) -> Result<Option<Displaced>, StoreError> {
        let path = self.path.clone();
        let failed = |error| StoreError::file(&path, error);
        keep_lock(&path, &mut self.lock)?;
        let at_path = Inode::at(&path).map_err(failed)?;
        let harm = match &mut self.place {
            Place::File { inode, has_log } if at_path == Some(*inode) => {
                let had_log = *has_log;
                *has_log = Inode::at(&beside(&path, "-wal")).map_err(failed)?.is_some();
                // Without it nobody else sees what was written last.
                match had_log && !*has_log {
                    true => Harm::Deleted,
                    false => return Ok(None),
                }
            }
            Place::File { .. } if at_path.is_some() => Harm::Replaced,
            Place::File { .. } => Harm::Deleted,
            Place::Memory(origin) => harm_in_memory(&path, at_path, *origin)?,
        };
        Ok(Some(self.write_anew(harm, now)?))
    }

    /// Writes it beside its path, and gives it its name when it is there. What has that is set aside where it is not
    /// all in here.
    fn write_anew(&mut self, harm: Harm, now: Timestamp) -> Result<Displaced, StoreError> {
        let path = self.path.clone();
        let failed = |error| StoreError::file(&path, error);
        let anew = beside(&path, ".new");
        if anew.exists() {
            fs::remove_file(&anew).map_err(failed)?;
        }
        if let Err(error) = self.connection.execute("VACUUM INTO ?", [anew.to_string_lossy()]) {
            // On a full disk what there is of it would take the room of others.
            if anew.exists() {
                fs::remove_file(&anew).map_err(failed)?;
            }
            return Err(error.into());
        }
        let displaced = harm.set_aside(&path, now).map_err(failed)?;
        clear_beside(&path).map_err(failed)?;
        fs::rename(&anew, &path).map_err(failed)?;
        // Where it cannot be opened now it is tried again, and is not taken for somebody else's.
        if let Some(inode) = Inode::at(&path).map_err(failed)? {
            self.place = Place::Memory(Origin::Copy(inode));
        }
        let (connection, inode) = connect(&path)?;
        self.connection = connection;
        self.place = Place::File { inode, has_log: false };
        Ok(displaced)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last checkpoint, and what came after it.
    pub(crate) fn load(&self) -> Result<(Checkpoint, Vec<Entry>), StoreError> {
        Ok((Checkpoint::read(&self.connection)?, read_entries(&self.connection)?))
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

    /// How far each feed was read when the last commit was made, and what others keep there.
    pub(crate) fn positions(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut positions = self.connection.prepare("SELECT feed, value FROM position")?;
        let positions = positions.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(positions.collect::<Result<_, _>>()?)
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
            write_positions(&transaction, &batch.positions)?;
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

/// What is to be said of the file at a path, when a store that lies in memory takes its place.
fn harm_in_memory(path: &Path, at_path: Option<Inode>, origin: Origin) -> Result<Harm, StoreError> {
    let Some(at_path) = at_path else { return Ok(Harm::Unusable { holds: false }) };
    match origin {
        Origin::Copy(inode) if inode == at_path => return Ok(Harm::Unusable { holds: false }),
        Origin::Corrupt(inode) if inode == at_path => return Ok(Harm::Corrupt),
        Origin::Copy(_) | Origin::Corrupt(_) | Origin::New => {}
    }
    match connect(path) {
        Ok(_) => Ok(Harm::Unusable { holds: true }),
        Err(error) if error.is_corrupt() => Ok(Harm::Corrupt),
        // Of another program, of a newer version, or still not to be had.
        Err(error) => Err(error),
    }
}

fn write_positions(
    transaction: &Connection,
    positions: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    let mut position = transaction.prepare_cached(
        "INSERT INTO position VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
    )?;
    for (feed, value) in positions {
        position.execute([feed, value])?;
    }
    Ok(())
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

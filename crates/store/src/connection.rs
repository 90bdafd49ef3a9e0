//! How SQLite opens a store: its file, a copy of it in memory, or a new one there.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::inode::{Inode, beside};
use crate::schema;

/// How many pages are copied at once.
const PAGES: i32 = 4096;

/// The database, and which file it is.
pub(crate) fn connect(path: &Path) -> Result<(Connection, Inode), StoreError> {
    let mut connection = Connection::open(path)?;
    schema::prepare(&mut connection)?;
    Ok((connection, inode(path)?))
}

/// A database without anything in it, in memory alone.
pub(crate) fn new_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    schema::prepare(&mut connection)?;
    Ok(connection)
}

/// What the database holds, in memory, and which file it is. Nothing is written on the disk, which may take nothing.
pub(crate) fn copy_to_memory(path: &Path) -> Result<(Connection, Inode), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| StoreError::file(path, error);
    let has_log = Inode::at(&beside(path, "-wal")).map_err(failed)?.is_some();
    let file = match has_log {
        // Without locks and alone SQLite keeps its index of the log in memory.
        true => {
            let file = Connection::open_with_flags_and_vfs(path, flags, c"unix-none")?;
            file.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            file
        }
        // It would make a log: a file that nobody changes needs none.
        false => {
            let uri = format!("file:{}?immutable=1", escaped(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    file.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    match schema::recognise(&file) {
        // The copy is brought up to date.
        Ok(()) | Err(StoreError::Older { .. }) => {}
        Err(error) => return Err(error),
    }
    let mut copy = Connection::open_in_memory()?;
    Backup::new(&file, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    schema::prepare(&mut copy)?;
    Ok((copy, inode(path)?))
}

fn inode(path: &Path) -> Result<Inode, StoreError> {
    let inode = Inode::at(path).map_err(|error| StoreError::file(path, error))?;
    inode.ok_or_else(|| StoreError::file(path, io::ErrorKind::NotFound.into()))
}

/// As the path of a URI.
fn escaped(path: &Path) -> String {
    let path = path.to_string_lossy();
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

/// Of the errors of input and output those that say that what is on the disk cannot be read.
const UNREADABLE: [i32; 4] = [
    ffi::SQLITE_IOERR_READ,
    ffi::SQLITE_IOERR_SHORT_READ,
    ffi::SQLITE_IOERR_DATA,
    ffi::SQLITE_IOERR_CORRUPTFS,
];

/// The store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works on it.
    #[error("{path} is in use by another instance")]
    InUse {
        /// The SQLite file.
        path: PathBuf,
    },
    /// The lock file beside it cannot be made.
    #[error("{path} cannot be locked: {error}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the file system answered.
        error: std::io::Error,
    },
    /// The file cannot be looked at, renamed or deleted.
    #[error("{path}: {error}")]
    File {
        /// The SQLite file.
        path: PathBuf,
        /// What the file system answered.
        error: std::io::Error,
    },
    /// SQLite finds that it is not as it should be.
    #[error("the database is corrupt: {0}")]
    Corrupt(String),
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

impl StoreError {
    pub(crate) fn file(path: &Path, error: std::io::Error) -> Self {
        StoreError::File { path: path.to_owned(), error }
    }

    /// Whether the file holds what nobody can read: then trying again changes nothing.
    pub fn is_corrupt(&self) -> bool {
        match self {
            StoreError::Corrupt(_) | StoreError::Content(_) => true,
            StoreError::Sqlite(error) => {
                let code = error.sqlite_error_code();
                matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
                    || error
                        .sqlite_error()
                        .is_some_and(|error| UNREADABLE.contains(&error.extended_code))
            }
            StoreError::InUse { .. }
            | StoreError::Lock { .. }
            | StoreError::File { .. }
            | StoreError::Foreign
            | StoreError::Newer { .. }
            | StoreError::Older { .. } => false,
        }
    }
}

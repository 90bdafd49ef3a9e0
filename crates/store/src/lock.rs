use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::StoreError;
use crate::inode::{Inode, beside};

/// How long somebody may hold the lock who does not own the store: one that only asks, or a child process that
/// has not become another program yet and has inherited it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether somebody owns the store.
pub(crate) fn is_locked(path: &Path) -> Result<bool, StoreError> {
    let (lock_path, file) = open(path)?;
    // Shared: of those that ask none is in the way of another.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(StoreError::Lock { path: lock_path, error }),
    }
}

/// A lock file beside the store, which is never deleted: SQLite's own locks would keep readers out as well, and
/// lie on a file that somebody may take away.
pub(crate) fn lock(path: &Path) -> Result<File, StoreError> {
    let (lock_path, file) = open(path)?;
    let end = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < end => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse { path: path.to_owned() });
            }
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::Lock { path: lock_path, error });
            }
        }
    }
}

/// Takes the lock where it is not held; a lock on a file that is gone keeps nobody out.
pub(crate) fn keep_lock(path: &Path, held: &mut Option<File>) -> Result<(), StoreError> {
    let failed = |error| StoreError::file(path, error);
    let inode = held.as_ref().map(Inode::of).transpose().map_err(failed)?;
    if inode.is_none() || Inode::at(&beside(path, ".lock")).map_err(failed)? != inode {
        *held = Some(lock(path)?);
    }
    Ok(())
}

fn open(path: &Path) -> Result<(PathBuf, File), StoreError> {
    let lock_path = beside(path, ".lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
    match open {
        Ok(file) => Ok((lock_path, file)),
        Err(error) => Err(StoreError::Lock { path: lock_path, error }),
    }
}

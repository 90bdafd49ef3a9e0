use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bgp::Timestamp;

/// What SQLite keeps beside a database in WAL mode.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inode(u64, u64);

impl Inode {
    /// Of the file that is open.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        Ok(file.metadata()?.into())
    }

    /// Of what lies at this path; none where there is nothing.
    pub(crate) fn at(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(file) => Ok(Some(file.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl From<Metadata> for Inode {
    fn from(file: Metadata) -> Self {
        Inode(file.dev(), file.ino())
    }
}

/// The path with something behind its name.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Gives a database, with what lies beside it, another name: `NAME.corrupt-20261127T150500Z`.
pub(crate) fn set_aside(path: &Path, why: &str, now: Timestamp) -> io::Result<PathBuf> {
    let time = now.to_jiff().strftime("%Y%m%dT%H%M%SZ");
    let mut aside = beside(path, &format!(".{why}-{time}"));
    let mut number = 1;
    while aside.exists() {
        number += 1;
        aside = beside(path, &format!(".{why}-{time}-{number}"));
    }
    fs::rename(path, &aside)?;
    for end in BESIDE {
        match fs::rename(beside(path, end), beside(&aside, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(aside)
}

/// Takes away what was beside a database that is there no more.
pub(crate) fn clear_beside(path: &Path) -> io::Result<()> {
    for end in BESIDE {
        match fs::remove_file(beside(path, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

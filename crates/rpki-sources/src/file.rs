//! Sources that are files.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bgp::Timestamp;
use validator::RpkiSnapshot;

use crate::document::{self, DocumentError};
use crate::report::{Report, now};

/// How often a file is looked at. Asking for its time and length costs nothing, and works on network
/// file systems too, where inotify says nothing.
pub(crate) const POLL: Duration = Duration::from_secs(5);

/// The most that is read, packed or not: two and a half times what all of RPKI needs today (97 MB of JSON).
pub(crate) const MAX_BYTES: u64 = 256 << 20;

/// Why a file gives nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read it: {0}")]
    Read(#[from] io::Error),
    #[error("more than {} MiB: no VRP file is that large", .0 >> 20)]
    TooLarge(u64),
    #[error(transparent)]
    Content(#[from] DocumentError),
    #[error("it could not be read to its end")]
    Panicked,
}

/// Follows a file.
pub(crate) async fn run(path: PathBuf, mut report: Report) {
    let mut watched = Watched::new(path);
    loop {
        let reading = tokio::task::spawn_blocking(move || {
            let read = watched.read_if_changed();
            let parsed =
                read.and_then(|bytes| bytes.map(|bytes| Ok(document::parse(&bytes)?)).transpose());
            (watched, parsed)
        });
        let Ok((back, parsed)) = reading.await else {
            return report.trouble(FileError::Panicked.to_string());
        };
        watched = back;
        match parsed {
            // Written anew with what it had before: as good as new, where the content has no date.
            Ok(None) => {
                let state = report.state();
                let dateless = state.snapshot.is_some_and(|data| data.generated.is_none());
                if dateless && state.trouble.is_none() && state.as_of < watched.modified() {
                    report.confirmed(watched.modified().unwrap_or_else(now));
                }
            }
            Ok(Some(snapshot)) => {
                let as_of = snapshot.generated.or(watched.modified()).unwrap_or_else(now);
                let name = watched.path.display().to_string();
                report.renewed(snapshot.with_source(name), as_of, POLL);
            }
            Err(error) => report.trouble(error.to_string()),
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Reads standard input, once.
pub(crate) async fn read_stdin(mut report: Report) {
    let reading = tokio::task::spawn_blocking(|| parse(io::stdin().lock()));
    match reading.await.unwrap_or(Err(FileError::Panicked)) {
        Ok(snapshot) => {
            let as_of = snapshot.generated.unwrap_or_else(now);
            report.renewed(snapshot.with_source("standard input"), as_of, POLL);
        }
        Err(error) => report.trouble(error.to_string()),
    }
}

fn parse(input: impl Read) -> Result<RpkiSnapshot, FileError> {
    Ok(document::parse(&read(input, MAX_BYTES)?)?)
}

/// One octet more than allowed is enough to know.
fn read(input: impl Read, limit: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    input.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(FileError::TooLarge(limit)) } else { Ok(bytes) }
}

/// A file that may change.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    hasher: RandomState,
    stamp: Option<Stamp>,
    hash: Option<u64>,
    failed: bool,
}

/// What tells without reading that a file is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
    /// A file that has changed a moment ago may change again within the same tick of its clock.
    settled: bool,
}

/// The coarsest clock of a file system in use (FAT: 2 s).
const TICK: Duration = Duration::from_secs(2);

impl Watched {
    pub(crate) fn new(path: PathBuf) -> Self {
        Watched { path, hasher: RandomState::new(), stamp: None, hash: None, failed: false }
    }

    /// Which file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the content the next time even if it is the same.
    pub(crate) fn forget(&mut self) {
        self.failed = true;
    }

    /// The content, if it is not that of the last time. After an error it is: what was wrong once
    /// is told anew until it is right.
    pub(crate) fn read_if_changed(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let read = self.read();
        self.failed = read.is_err();
        read
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let stamp = Stamp::of(&self.path)?;
        if self.stamp == Some(stamp) && stamp.settled && !self.failed {
            return Ok(None);
        }
        self.stamp = None;
        let bytes = read(File::open(&self.path)?, MAX_BYTES)?;
        let hash = self.hasher.hash_one(&bytes);
        self.stamp = Some(stamp);
        let same = self.hash.replace(hash) == Some(hash) && !self.failed;
        Ok((!same).then_some(bytes))
    }

    fn modified(&self) -> Option<Timestamp> {
        let modified = jiff::Timestamp::try_from(self.stamp?.modified).ok()?;
        Some(modified.into())
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified()?;
        let settled = modified.elapsed().is_ok_and(|age| age > TICK);
        Ok(Stamp { modified, length: metadata.len(), settled })
    }
}

#[cfg(test)]
mod tests;

//! A folder into which somebody writes MRT files: read in the order of their names, each once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use parser::{Reader, Walker};

use crate::context::FeedContext;
use crate::session::{Blocked, Decoder, Session};
use crate::{Position, folder_key};

/// How often the folder is looked into.
const POLL: Duration = Duration::from_secs(1);

/// A file that has not grown for so long is complete. Collectors write in one go, or rename.
const STABLE: Duration = Duration::from_secs(2);

/// How much is handed over at once.
const BLOCK: usize = 128 << 10;

/// Follows the folder until it is told to stop.
pub(super) fn run(path: &Path, rib: Option<&Path>, context: &FeedContext) {
    let mut folder = Folder {
        path,
        context,
        position: context.position.clone(),
        growing: None,
        seen: None,
        complaint: String::new(),
    };
    // What was read since the table was written is in the store: an old table must not come on top.
    if let Some(rib) = rib.filter(|_| folder.position.is_none())
        && folder.read(rib, Decoder::Rib(Walker::new(""))).is_err()
    {
        return;
    }
    while !*context.stop.borrow() {
        match folder.next() {
            Some((file, from)) => {
                let (walker, key) = (Walker::new(""), folder_key(path));
                let decoder = Decoder::Mrt { walker, key, file: file.clone(), from };
                if folder.read(&path.join(&file), decoder).is_err() {
                    return;
                }
                folder.position = Some(Position { file, records: 0, done: true });
            }
            None => std::thread::sleep(POLL),
        }
    }
}

struct Folder<'a> {
    path: &'a Path,
    context: &'a FeedContext,
    position: Option<Position>,
    /// The newest file, its size, and since when it has it.
    growing: Option<(String, u64, Instant)>,
    /// The names that were there when it was last looked into.
    seen: Option<BTreeSet<String>>,
    /// What is wrong with the folder, as it was told last.
    complaint: String,
}

impl Folder<'_> {
    /// The next file that is complete, and how many of its records are known.
    fn next(&mut self) -> Option<(String, u64)> {
        let files = match self.files() {
            Ok(files) => files,
            Err(error) => {
                let complaint = error.to_string();
                if complaint != self.complaint {
                    tracing::error!(path = %self.path.display(), %error, "the folder cannot be read");
                    self.complaint = complaint;
                }
                return None;
            }
        };
        self.complaint.clear();
        self.tell_of_late_ones(&files);
        let wanted = |name: &&String| match &self.position {
            Some(Position { file, done: true, .. }) => *name > file,
            Some(Position { file, done: false, .. }) => *name >= file,
            None => true,
        };
        let mut waiting = files.iter().filter(wanted);
        let next = waiting.next()?;
        let complete = waiting.next().is_some() || self.is_stable(next);
        let known = self.position.as_ref().filter(|position| position.file == *next);
        complete.then(|| (next.clone(), known.map_or(0, |position| position.records)))
    }

    /// A file that stands before what was read must not be taken in any more: its routes are older than
    /// those that are known. What has stood there since before we started was read.
    fn tell_of_late_ones(&mut self, files: &[String]) {
        let files: BTreeSet<_> = files.iter().cloned().collect();
        if let (Some(seen), Some(position)) = (&self.seen, &self.position) {
            for late in files.difference(seen).filter(|name| **name < position.file) {
                let read = &position.file;
                tracing::error!(file = late, read, "it came too late and is left out");
            }
        }
        self.seen = Some(files);
    }

    /// The names of the files, in order. Hidden ones are still being written.
    fn files(&self) -> std::io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path)? {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('.') && entry.path().is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn is_stable(&mut self, name: &str) -> bool {
        let Ok(size) = fs::metadata(self.path.join(name)).map(|file| file.len()) else {
            return false;
        };
        match &self.growing {
            Some((file, before, since)) if file == name && *before == size => {
                since.elapsed() >= STABLE
            }
            _ => {
                self.growing = Some((name.to_owned(), size, Instant::now()));
                false
            }
        }
    }

    /// Hands a whole file over. What cannot be read of it is told, and the next one is read.
    fn read(&self, path: &Path, decoder: Decoder) -> Result<(), Blocked> {
        let mut session = self.context.outlet.open_blocking(decoder)?;
        tracing::info!(file = %path.display(), "reading");
        let read = File::open(path).map(|file| Reader::new(file, "").into_unpacked());
        let end = match read {
            Ok(unpacked) => self.pump(&mut session, unpacked)?,
            Err(error) => Some(error),
        };
        if let Some(error) = &end {
            tracing::error!(file = %path.display(), %error, "cannot be read any further");
        }
        session.close_blocking(end.map(|error| error.to_string()));
        Ok(())
    }

    fn pump(
        &self,
        session: &mut Session,
        mut unpacked: impl Read,
    ) -> Result<Option<std::io::Error>, Blocked> {
        loop {
            if *self.context.stop.borrow() {
                return Err(Blocked::Ended);
            }
            let mut block = vec![0; BLOCK];
            match unpacked.read(&mut block) {
                Ok(0) => return Ok(None),
                Ok(octets) => {
                    block.truncate(octets);
                    session.push_blocking(block)?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Some(error)),
            }
        }
    }
}

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::cache::Keeping;
use crate::progress::ProgressCounter;
use crate::remote::Remote;

/// Where octets come from.
pub(crate) enum Source {
    File(File),
    Stdin(io::Stdin),
    Remote(Box<Remote>),
    /// The same, and a copy goes into the cache.
    Kept(Box<Keeping<Remote>>),
}

/// A source that counts what is read from it.
pub(crate) struct Stream {
    pub(crate) source: Source,
    pub(crate) progress: Arc<ProgressCounter>,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = match &mut self.source {
            Source::File(file) => file.read(buffer),
            Source::Stdin(stdin) => stdin.read(buffer),
            Source::Remote(remote) => remote.read(buffer),
            Source::Kept(keeping) => keeping.read(buffer),
        }?;
        self.progress.octets.fetch_add(octets as u64, Relaxed);
        Ok(octets)
    }
}

use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::block::{Block, BlockError};
use super::magic;
use super::piece::Piece;

/// Threads that decode blocks, for all files that are read: their memory (6 MB each) depends on the
/// cores and not on the files.
pub(crate) struct Pool {
    jobs: Sender<Job>,
    threads: usize,
    readers: AtomicUsize,
}

/// A piece to decode, and the memory to do it in.
struct Job {
    piece: Piece,
    out: Vec<u8>,
    done: SyncSender<Decoded>,
}

/// A piece, decoded or not.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) piece: Piece,
    /// What was in `out` before, and the block behind it.
    pub(super) out: Vec<u8>,
    /// The CRC of the block.
    pub(super) result: Result<u32, BlockError>,
}

/// Blocks in the works for each thread: one that it decodes, and others that wait, or are done and
/// wait for one before them.
const AHEAD: usize = 3;

impl Pool {
    pub(crate) fn new(threads: usize) -> Self {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work(&queue));
        }
        Pool { jobs, threads, readers: AtomicUsize::new(0) }
    }

    /// Counts a reader in, as long as what it returns lives.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.readers.fetch_add(1, Ordering::Relaxed);
        Entered(self)
    }

    /// How many pieces one reader may have in the works. Many readers keep the threads busy together.
    pub(super) fn share(&self) -> usize {
        let readers = self.readers.load(Ordering::Relaxed).max(1);
        (AHEAD * self.threads / readers).max(1)
    }

    pub(super) fn decode(&self, piece: Piece, out: Vec<u8>) -> Receiver<Decoded> {
        let (done, decoded) = mpsc::sync_channel(1);
        // The threads live as long as this sender.
        let _ = self.jobs.send(Job { piece, out, done });
        decoded
    }
}

/// One who reads.
pub(crate) struct Entered<'p>(&'p Pool);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Decodes a piece here and now.
pub(super) fn decode_one(piece: Piece, out: Vec<u8>) -> Decoded {
    decode(piece, out, &mut Block::default())
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let mut block = Block::default();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { piece, out, done }) = job else { return };
        // Who waited for it may be gone.
        let _ = done.send(decode(piece, out, &mut block));
    }
}

fn decode(piece: Piece, mut out: Vec<u8>, block: &mut Block) -> Decoded {
    let read = match piece.magic() {
        Some(magic::BLOCK) => {
            let (bits, padding) = piece.body();
            block.read(bits, padding)
        }
        _ => Err(BlockError::Damaged),
    };
    let result = match read {
        Ok(()) => block.write(&mut out),
        // Old and rare: the library knows how.
        Err(BlockError::Randomised) => {
            let stream = piece.stream();
            let read = bzip2::read::BzDecoder::new(&stream[..]).read_to_end(&mut out);
            let crc = piece.body().0.take(32);
            read.ok().and(crc).ok_or(BlockError::Damaged)
        }
        Err(error) => Err(error),
    };
    Decoded { piece, out, result }
}

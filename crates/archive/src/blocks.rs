use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread;

use flate2::bufread::MultiGzDecoder;
use parser::{Compression, DamageKind};

use crate::bzip2::{Bzip2, Pool};

/// A piece of an unpacked stream, with room in front for the record that began in the piece before.
#[derive(Debug)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

/// The blocks of one stream, unpacked.
pub(crate) enum Blocks<R> {
    /// As they are: handing them to another thread costs more than reading them.
    Plain(Head<R>, Vec<u8>),
    /// From a thread of their own. What is free goes back to it.
    Unpacked(Receiver<Result<Block, Failure>>, Sender<Vec<u8>>),
    /// There are none.
    Failed(Failure),
}

/// A stream, its first octets read once and given back.
type Head<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// Why a stream ends before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: DamageKind,
    /// What the source itself says, where that is more than the kind.
    pub(crate) reason: Option<String>,
}

/// Room in front of a block. Nearly every record is smaller; a larger one is put together elsewhere.
const HEADROOM: usize = 64 << 10;

/// What is unpacked at once: the cost of handing it over vanishes, and it is still in the
/// second-level cache when the other thread walks it.
const BLOCK: usize = 256 << 10;

/// Blocks that wait for the walker. Unpacking takes its time in fits, above all bzip2; a few blocks
/// level them out, and a megabyte for each open input is little.
const BLOCKS_AHEAD: usize = 4;

/// What is read at once of packed data.
const PACKED: usize = 64 << 10;

/// Octets that tell every kind of compression.
const MAGIC: u64 = 10;

impl Block {
    /// What follows the last block: without it, a thread that ended early would look like the end.
    const END: Block = Block { bytes: Vec::new(), from: 0, to: 0 };

    pub(crate) const fn is_end(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }

    /// Puts some octets in front; false where there is no room.
    pub(crate) fn put_before(&mut self, octets: &[u8]) -> bool {
        let Some(from) = self.from.checked_sub(octets.len()) else { return false };
        if let Some(room) = self.bytes.get_mut(from..self.from) {
            room.copy_from_slice(octets);
        }
        self.from = from;
        true
    }

    /// Reads a block; None at the end.
    fn read(source: &mut impl Read, mut bytes: Vec<u8>) -> io::Result<Option<Self>> {
        bytes.resize(HEADROOM + BLOCK, 0);
        let read = loop {
            match source.read(bytes.get_mut(HEADROOM..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                read => break read?,
            }
        };
        Ok((read > 0).then_some(Block { bytes, from: HEADROOM, to: HEADROOM + read }))
    }
}

impl<R: Read + Send + 'static> Blocks<R> {
    /// Looks at the start of a stream. The pool is made by the first that needs it.
    pub(crate) fn new(mut stream: R, pool: Arc<OnceLock<Pool>>, cores: usize) -> Self {
        let mut start = Vec::new();
        if let Err(error) = stream.by_ref().take(MAGIC).read_to_end(&mut start) {
            return Blocks::Failed(Failure::of(&error, Compression::None));
        }
        let compression = Compression::of(&start);
        let head = io::Cursor::new(start).chain(stream);
        if compression == Compression::None {
            return Blocks::Plain(head, Vec::new());
        }
        let (blocks, unpacked) = mpsc::sync_channel(BLOCKS_AHEAD);
        let (free, freed) = mpsc::channel();
        thread::spawn(move || unpack(head, compression, (&pool, cores), &blocks, &freed));
        Blocks::Unpacked(unpacked, free)
    }

    /// The next block; one that is the end follows the last.
    pub(crate) fn next(&mut self) -> Result<Block, Failure> {
        match self {
            Blocks::Plain(head, memory) => {
                let block = Block::read(head, std::mem::take(memory));
                let block = block.map_err(|error| Failure::of(&error, Compression::None))?;
                Ok(block.unwrap_or(Block::END))
            }
            Blocks::Unpacked(blocks, _) => {
                blocks.recv().unwrap_or_else(|_| Err(Failure::early_end()))
            }
            Blocks::Failed(failure) => Err(failure.clone()),
        }
    }

    /// Takes back the memory of a block.
    pub(crate) fn free(&mut self, block: Block) {
        match self {
            Blocks::Plain(_, memory) => *memory = block.bytes,
            // Whoever unpacks may be done already.
            Blocks::Unpacked(_, free) => drop(free.send(block.bytes)),
            Blocks::Failed(_) => (),
        }
    }
}

/// Unpacks a stream into blocks until it ends, fails, or nobody wants them any more. Memory that is
/// free comes back through `free`.
fn unpack(
    stream: impl Read,
    compression: Compression,
    (pool, cores): (&OnceLock<Pool>, usize),
    blocks: &SyncSender<Result<Block, Failure>>,
    free: &Receiver<Vec<u8>>,
) {
    let memory = || free.try_recv().unwrap_or_default();
    let send = |block: io::Result<Block>| {
        let block = block.map_err(|error| Failure::of(&error, compression));
        let more = block.is_ok();
        blocks.send(block).is_ok() && more
    };
    match compression {
        Compression::None => read_all(stream, memory, send),
        Compression::Gzip => {
            let packed = io::BufReader::with_capacity(PACKED, stream);
            read_all(MultiGzDecoder::new(packed), memory, send);
        }
        Compression::Bzip2 => {
            read_bzip2(stream, pool.get_or_init(|| Pool::new(cores)), memory, send);
        }
    }
}

fn read_all(
    mut source: impl Read,
    memory: impl Fn() -> Vec<u8>,
    send: impl Fn(io::Result<Block>) -> bool,
) {
    while let Some(block) = Block::read(&mut source, memory()).transpose() {
        if !send(block) {
            return;
        }
    }
    send(Ok(Block::END));
}

fn read_bzip2(
    source: impl Read,
    pool: &Pool,
    memory: impl Fn() -> Vec<u8>,
    send: impl Fn(io::Result<Block>) -> bool,
) {
    let _entered = pool.enter();
    let with_headroom = || {
        let mut bytes = memory();
        bytes.resize(HEADROOM, 0);
        bytes
    };
    let mut bzip2 = match Bzip2::new(source, pool) {
        Ok(bzip2) => bzip2,
        Err(error) => {
            send(Err(error));
            return;
        }
    };
    while let Some(block) = bzip2.next(with_headroom).transpose() {
        let block = block.map(|bytes| Block { from: HEADROOM, to: bytes.len(), bytes });
        if !send(block) {
            return;
        }
    }
    send(Ok(Block::END));
}

impl Failure {
    /// Of a thread that has panicked.
    fn early_end() -> Self {
        let reason = "the thread that unpacks it ended early: this is a mistake of this program";
        Failure { kind: DamageKind::Read(io::ErrorKind::Other), reason: Some(reason.to_owned()) }
    }

    /// A decoder tells broken data and a broken source in the same way; these kinds are its own.
    fn of(error: &io::Error, compression: Compression) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        let packed = compression != Compression::None;
        match error.kind() {
            InvalidData | InvalidInput | UnexpectedEof if packed => {
                Failure { kind: DamageKind::Compressed(compression), reason: None }
            }
            kind => {
                // An error of the system says no more than its kind does.
                let reason = error.get_ref().map(ToString::to_string);
                Failure { kind: DamageKind::Read(kind), reason }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_in_front_of_a_block_for_the_start_of_a_record() {
        let mut block = Block::read(&mut &b"body"[..], Vec::new()).unwrap().unwrap();
        assert!(block.put_before(b"head "));
        assert_eq!(block.bytes(), b"head body");
        assert!(!block.put_before(&[0; HEADROOM]));
        assert_eq!(block.bytes(), b"head body");
    }
}

use std::io::{self, Read};

use super::bits::Bits;
use super::magic;

/// What lies between two magic numbers, the first of them included: a block or the end of a stream,
/// or a part of a block whose data happens to hold a magic number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// It begins at the first bit.
    pub(super) bytes: Vec<u8>,
    pub(super) length: u64,
    /// Where in its octet the first bit stood.
    pub(super) phase: u64,
    /// Whether the source ends with it.
    pub(super) last: bool,
}

/// Cuts a source of bzip2 into pieces.
pub(super) struct Pieces<R> {
    source: R,
    bytes: Vec<u8>,
    /// The bit where the next piece begins.
    from: u64,
    /// The bit from which on no magic number was found yet.
    searched: u64,
    ended: bool,
}

/// What is read at once.
const READ: usize = 128 << 10;

/// The longest block: 900,000 octets with codes of 20 bits, and its tables.
pub(super) const PIECE_MAX: u64 = 20_000_000;

impl<R: Read> Pieces<R> {
    /// `source` stands behind the header of the first stream (`BZh9`).
    pub(super) const fn new(source: R) -> Self {
        Pieces { source, bytes: Vec::new(), from: 0, searched: 0, ended: false }
    }

    /// None behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            // Filling moves the start of the piece.
            let beyond = self.from + magic::BITS;
            self.searched = self.searched.max(beyond);
            let found = magic::find(&self.bytes, self.searched);
            if let Some(to) = found {
                return Ok(Some(self.cut(to, false)));
            }
            let end = self.bytes.len() as u64 * 8;
            self.searched = magic::searched(self.bytes.len()).max(beyond);
            if self.ended {
                return Ok((end > self.from).then(|| self.cut(end, true)));
            }
            if end > self.from + PIECE_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let passed = usize::try_from(self.from / 8).unwrap_or(0).min(self.bytes.len());
        if passed > READ {
            self.bytes.drain(..passed);
            self.from -= passed as u64 * 8;
            self.searched -= passed as u64 * 8;
        }
        let length = self.bytes.len();
        self.bytes.resize(length + READ, 0);
        let read = loop {
            match self.source.read(&mut self.bytes[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                read => break read,
            }
        };
        self.bytes.truncate(length + read.as_ref().map_or(0, |octets| *octets));
        self.ended = read? == 0;
        Ok(())
    }

    fn cut(&mut self, to: u64, last: bool) -> Piece {
        let (first, phase) = (usize::try_from(self.from / 8).unwrap_or(0), self.from % 8);
        let length = to - self.from;
        let octets = usize::try_from(length.div_ceil(8)).unwrap_or(0);
        let bytes = self.bytes.get(first..).unwrap_or_default();
        let mut piece: Vec<u8> = if phase == 0 {
            bytes.get(..octets).unwrap_or_default().to_vec()
        } else {
            let behind = bytes.iter().skip(1).chain([&0]);
            let shifted = |(one, two): (&u8, &u8)| one << phase | two >> (8 - phase);
            bytes.iter().zip(behind).map(shifted).take(octets).collect()
        };
        clear_behind(&mut piece, length);
        self.from = to;
        Piece { bytes: piece, length, phase, last }
    }
}

impl Piece {
    /// The magic number that it begins with, if it does: what was cut may not.
    pub(super) fn magic(&self) -> Option<u64> {
        (self.length >= magic::BITS).then(|| magic::word(&self.bytes, 0)).flatten()
    }

    /// What follows the magic number, and how many bits of the last octet are none.
    pub(super) fn body(&self) -> (Bits<'_>, u32) {
        let padding = self.bytes.len() as u64 * 8 - self.length;
        (Bits::new(self.bytes.get(6..).unwrap_or_default()), u32::try_from(padding).unwrap_or(0))
    }

    /// Puts the next piece behind this one.
    pub(super) fn join(&mut self, next: &Piece) {
        let mut left = next.length;
        for octet in &next.bytes {
            let bits = left.min(8);
            self.append(u64::from(octet >> (8 - bits)), bits);
            left -= bits;
        }
        self.last = next.last;
    }

    /// A stream of its own that holds nothing but this block (which has to be one).
    pub(super) fn stream(&self) -> Vec<u8> {
        let mut stream = self.clone();
        stream.append(magic::END, magic::BITS);
        // The CRC of a stream of one block is that of the block.
        let (mut body, _) = self.body();
        stream.append(body.take(32).unwrap_or(0).into(), 32);
        let mut bytes = b"BZh9".to_vec();
        bytes.append(&mut stream.bytes);
        bytes
    }

    fn append(&mut self, value: u64, bits: u64) {
        for bit in (0..bits).rev() {
            if self.length.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(octet) = self.bytes.last_mut() {
                *octet |= ((value >> bit & 1) as u8) << (7 - self.length % 8);
            }
            self.length += 1;
        }
    }
}

fn clear_behind(bytes: &mut [u8], length: u64) {
    if let (Some(last), used @ 1..) = (bytes.last_mut(), length % 8) {
        *last &= 0xff << (8 - used);
    }
}

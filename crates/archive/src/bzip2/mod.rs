//! bzip2, unpacked by all cores: blocks are found by their magic numbers and decoded side by side.
//!
//! `Pieces` cuts the source, [`Pool`] decodes, [`Bzip2`] puts the blocks into their order again and
//! checks the CRCs of the streams. Where data happens to hold a magic number, the piece before it
//! decodes up to its end and no further; it is joined with the next ones then.

mod bits;
mod block;
mod crc;
mod inverse;
mod magic;
mod piece;
mod pool;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::Receiver;

use block::BlockError;
use piece::{PIECE_MAX, Piece, Pieces};
pub(crate) use pool::Pool;
use pool::{Decoded, decode_one};

/// A source of bzip2, of one or more streams.
pub(crate) struct Bzip2<'p, R> {
    pieces: Pieces<R>,
    pool: &'p Pool,
    /// What is being decoded, in the order of the source.
    ahead: VecDeque<Receiver<Decoded>>,
    /// The CRC of the stream so far.
    crc: u32,
    /// Whether the source gives no more pieces, and why.
    ended: Option<io::Result<()>>,
    /// Whether the last stream that began has come to its end.
    complete: bool,
}

/// Octets of a stream's header.
const HEADER: usize = 4;

impl<'p, R: Read> Bzip2<'p, R> {
    /// `source` stands at the header of a stream.
    pub(crate) fn new(mut source: R, pool: &'p Pool) -> io::Result<Self> {
        source.read_exact(&mut [0; HEADER])?;
        Ok(Bzip2 {
            pieces: Pieces::new(source),
            pool,
            ahead: VecDeque::new(),
            crc: 0,
            ended: None,
            complete: false,
        })
    }

    /// The next block, appended to what is in `out`; false at the end. `spare` gives the memory for
    /// blocks.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` where the source is cut, `InvalidData` where it is damaged, and what reading
    /// gives. What came before is whole, up to the CRC of the stream.
    pub(crate) fn next(&mut self, spare: impl FnMut() -> Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        self.send(spare);
        while let Some(decoded) = self.take() {
            match decoded.piece.magic() {
                Some(magic::BLOCK) => return self.block(decoded).map(Some),
                Some(magic::END) => self.end(&decoded.piece)?,
                _ => return Err(cut_or_damaged(&decoded.piece)),
            }
        }
        match self.ended.take() {
            Some(Err(error)) => Err(error),
            _ if !self.complete => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(None),
        }
    }

    /// Keeps the pool busy.
    fn send(&mut self, mut spare: impl FnMut() -> Vec<u8>) {
        while self.ended.is_none() && self.ahead.len() < self.pool.share() {
            match self.pieces.next() {
                Ok(Some(piece)) => self.ahead.push_back(self.pool.decode(piece, spare())),
                Ok(None) => self.ended = Some(Ok(())),
                Err(error) => self.ended = Some(Err(error)),
            }
        }
    }

    fn take(&mut self) -> Option<Decoded> {
        self.ahead.pop_front()?.recv().ok()
    }

    fn block(&mut self, mut decoded: Decoded) -> io::Result<Vec<u8>> {
        while decoded.result == Err(BlockError::Short) && !decoded.piece.last {
            let Some(next) = self.next_piece()? else { break };
            decoded.piece.join(&next);
            if decoded.piece.length > PIECE_MAX {
                break;
            }
            decoded = decode_one(decoded.piece, decoded.out);
        }
        match decoded.result {
            Ok(crc) => {
                self.crc = self.crc.rotate_left(1) ^ crc;
                Ok(decoded.out)
            }
            Err(BlockError::Short) => Err(cut_or_damaged(&decoded.piece)),
            Err(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        match self.take() {
            Some(decoded) => Ok(Some(decoded.piece)),
            None => self.pieces.next(),
        }
    }

    /// The end of a stream: its CRC, then nothing or the header of the next one.
    fn end(&mut self, piece: &Piece) -> io::Result<()> {
        const MAGIC_AND_CRC: u64 = magic::BITS + 32;
        let (mut body, _) = piece.body();
        let crc = body.take(32);
        if piece.length < MAGIC_AND_CRC {
            return Err(cut_or_damaged(piece));
        }
        if crc != Some(self.crc) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.crc = 0;
        self.complete = true;
        let padding = (8 - (piece.phase + MAGIC_AND_CRC) % 8) % 8;
        let behind = piece.length - MAGIC_AND_CRC - padding.min(piece.length - MAGIC_AND_CRC);
        if behind == 0 && piece.last {
            return Ok(());
        }
        let _ = body.take(u32::try_from(padding).unwrap_or(0));
        let header = body.take(32).map(u32::to_be_bytes);
        match header {
            Some([b'B', b'Z', b'h', b'1'..=b'9']) if behind == 32 && !piece.last => {
                self.complete = false;
                Ok(())
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

fn cut_or_damaged(piece: &Piece) -> io::Error {
    let kind = if piece.last { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
    kind.into()
}

#[cfg(test)]
mod tests;

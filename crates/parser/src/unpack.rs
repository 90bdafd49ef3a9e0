use std::fmt;
use std::io::{self, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;

/// How a stream is compressed, told by its first octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), of one or more members.
    Gzip,
    /// bzip2, of one or more streams.
    Bzip2,
}

impl Compression {
    /// What these first octets of a stream say; ten are enough.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            // The level, then the magic of a block or of the end of an empty stream.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => {
                Compression::Bzip2
            }
            _ => Compression::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compression::None => "plain",
            Compression::Gzip => "gzip",
            Compression::Bzip2 => "bzip2",
        })
    }
}

/// A source, unpacked as it is read.
pub(crate) enum Unpack<R> {
    /// Not yet looked at.
    New(Counted<R>),
    Plain(Head<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Head<R>>>>),
    Bzip2(MultiBzDecoder<BufReader<Head<R>>>),
    /// While one of the others becomes another.
    Moving,
}

/// A source, its first octets read once and given back.
type Head<R> = io::Chain<io::Cursor<Vec<u8>>, Counted<R>>;

/// A source that counts what is read from it.
pub(crate) struct Counted<R> {
    inner: R,
    octets: u64,
}

/// Enough for every magic number.
const MAGIC: u64 = 10;

impl<R: Read> Unpack<R> {
    pub(crate) const fn new(inner: R) -> Self {
        Unpack::New(Counted { inner, octets: 0 })
    }

    /// None before the first read.
    pub(crate) const fn compression(&self) -> Option<Compression> {
        match self {
            Unpack::New(_) | Unpack::Moving => None,
            Unpack::Plain(_) => Some(Compression::None),
            Unpack::Gzip(_) => Some(Compression::Gzip),
            Unpack::Bzip2(_) => Some(Compression::Bzip2),
        }
    }

    /// Octets read from the source.
    pub(crate) fn packed_octets(&self) -> u64 {
        match self {
            Unpack::New(source) => source.octets,
            Unpack::Plain(head) => head.get_ref().1.octets,
            Unpack::Gzip(decoder) => decoder.get_ref().get_ref().get_ref().1.octets,
            Unpack::Bzip2(decoder) => decoder.get_ref().get_ref().get_ref().1.octets,
            Unpack::Moving => 0,
        }
    }

    fn look(&mut self) -> io::Result<()> {
        const BUFFER: usize = 64 << 10;
        let Unpack::New(source) = self else { return Ok(()) };
        let mut start = Vec::new();
        source.by_ref().take(MAGIC).read_to_end(&mut start)?;
        let compression = Compression::of(&start);
        let Unpack::New(source) = std::mem::replace(self, Unpack::Moving) else { return Ok(()) };
        let head = io::Cursor::new(start).chain(source);
        *self = match compression {
            Compression::None => Unpack::Plain(head),
            Compression::Gzip => {
                let buffered = BufReader::with_capacity(BUFFER, head);
                Unpack::Gzip(Box::new(MultiGzDecoder::new(buffered)))
            }
            Compression::Bzip2 => {
                Unpack::Bzip2(MultiBzDecoder::new(BufReader::with_capacity(BUFFER, head)))
            }
        };
        Ok(())
    }
}

impl<R: Read> Read for Unpack<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.look()?;
        match self {
            Unpack::New(_) | Unpack::Moving => Ok(0),
            Unpack::Plain(head) => head.read(buffer),
            Unpack::Gzip(decoder) => decoder.read(buffer),
            Unpack::Bzip2(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.inner.read(buffer)?;
        self.octets += octets as u64;
        Ok(octets)
    }
}

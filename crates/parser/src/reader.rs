use std::io::{self, Read};

use crate::unpack::Unpack;
use crate::{Compression, DamageKind, Filter, Format, Item, Statistics, Step, Walker};

/// One input of any supported kind, told by its content and not by its name: gzip, bzip2 or plain;
/// MRT, BMP, OpenBMP or RIS Live JSON lines.
///
/// Memory is bounded by the longest record, whatever the length of the input.
///
/// ```
/// use bgp::{Asn, RouteOrigin};
/// use parser::{Everything, Item, Reader};
///
/// let line = br#"{"timestamp":1396463160.0,"peer":"192.0.2.1","peer_asn":"64496","id":"1",
///     "host":"rrc00","type":"UPDATE","path":[64496,64500],"origin":"igp",
///     "announcements":[{"next_hop":"192.0.2.1","prefixes":["198.51.100.0/24"]}]}"#;
/// let line = String::from_utf8_lossy(line).replace('\n', "");
/// let mut reader = Reader::new(line.as_bytes(), "");
/// let mut origins = Vec::new();
/// while reader.read_record(&Everything, &mut |item| match item {
///     Item::Element(element) => origins.push((element.prefix(), element.origin())),
///     Item::Damage(damage) => panic!("{damage}"),
/// }) {}
/// let prefix = "198.51.100.0/24".parse().ok();
/// assert_eq!(origins, [(prefix, RouteOrigin::As(Asn::new(64500)))]);
/// ```
pub struct Reader<R: Read> {
    source: Unpack<R>,
    buffer: Vec<u8>,
    /// What of the buffer is read and not yet taken.
    from: usize,
    to: usize,
    /// Set once the source gives no more: None at its end, the reason where it failed.
    ended: Option<Option<DamageKind>>,
    walker: Walker,
}

/// How much is read at once: large enough that the cost of a read vanishes, small enough to stay in
/// the second-level cache.
const BLOCK: usize = 256 << 10;

impl<R: Read> Reader<R> {
    /// `collector` names the source of vantage points where the data does not; it may be empty.
    /// Nothing is read yet, and this never fails: what is wrong comes out as damage.
    pub fn new(inner: R, collector: &str) -> Self {
        Reader {
            source: Unpack::new(inner),
            buffer: Vec::new(),
            from: 0,
            to: 0,
            ended: None,
            walker: Walker::new(collector),
        }
    }

    /// Reads one record (an MRT record, a line) and pushes everything it holds into `sink`; false at
    /// the end. Only routes whose prefix passes `filter` are decoded and pushed; damage inside of
    /// others may go unseen. State changes are always pushed.
    pub fn read_record(&mut self, filter: &impl Filter, sink: &mut impl FnMut(Item<'_>)) -> bool {
        loop {
            let bytes = self.buffer.get(self.from..self.to).unwrap_or_default();
            let last = self.ended == Some(None);
            match self.walker.step(bytes, last, filter, sink) {
                Step::Read(octets) => {
                    self.from += octets;
                    return true;
                }
                Step::End => return false,
                Step::More(octets) => match self.ended {
                    Some(Some(kind)) => {
                        let behind = bytes.len();
                        self.walker.stop(kind, behind, sink);
                        return false;
                    }
                    _ => self.fill(octets),
                },
            }
        }
    }

    /// What was read so far.
    pub fn statistics(&self) -> Statistics {
        let packed_octets = self.source.packed_octets();
        Statistics { packed_octets, ..self.walker.statistics() }
    }

    /// What the input turned out to hold; None before the first record, or if it is nothing that we
    /// know.
    pub const fn format(&self) -> Option<Format> {
        self.walker.format()
    }

    /// How the input is compressed; None before the first record.
    pub const fn compression(&self) -> Option<Compression> {
        self.source.compression()
    }

    /// The unpacked octets themselves, for whoever hands them to a [`Walker`] in blocks. What was
    /// already read into records is gone.
    pub fn into_unpacked(self) -> impl Read {
        self.source
    }

    /// Reads on, towards `wanted` octets that are not yet taken.
    fn fill(&mut self, wanted: usize) {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        // A length field may lie: the buffer grows with what came, not with what was promised.
        let room = (self.to + BLOCK).min(wanted.max(self.to + 1).next_multiple_of(BLOCK));
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let free = self.buffer.get_mut(self.to..).unwrap_or_default();
        match self.source.read(free) {
            Ok(0) => self.ended = Some(None),
            Ok(octets) => self.to += octets,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => self.ended = Some(Some(self.failure(&error))),
        }
    }

    /// A decoder reports broken data and a broken source in the same way; these kinds are its own.
    fn failure(&self, error: &io::Error) -> DamageKind {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match (self.source.compression(), error.kind()) {
            (
                Some(compression @ (Compression::Gzip | Compression::Bzip2)),
                InvalidData | InvalidInput | UnexpectedEof,
            ) => DamageKind::Compressed(compression),
            (_, kind) => DamageKind::Read(kind),
        }
    }
}

use bgp::Timestamp;

use crate::cursor::Cursor;

/// Longest record that is read. The largest real ones are RIB entries of collectors with a thousand
/// peers, some hundred kilobytes; what is longer is a damaged length, and must not fill the memory.
pub const RECORD_MAX: usize = 16 << 20;

/// Longest BGP4MP record: the header of RFC 6396 with IPv6 addresses, and a BGP message of RFC 8654.
const MESSAGE_MAX: usize = 4 + 44 + u16::MAX as usize;

/// Octets of an MRT header (RFC 6396 section 2).
pub(crate) const HEADER: usize = 12;

/// How many headers in a row must make sense before a stream that lost its framing is trusted again.
const CHAIN: usize = 3;

/// One MRT record, framed and not yet decoded (RFC 6396 section 2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Seconds since 1970.
    pub(crate) seconds: u32,
    /// MRT type (RFC 6396 section 4).
    pub(crate) mrt_type: u16,
    /// MRT subtype, of which each type has its own.
    pub(crate) subtype: u16,
    /// What follows the header, the microseconds of an extended one included.
    pub(crate) body: &'a [u8],
}

/// The types that hold routes (RFC 6396 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MrtType {
    Bgp = 5,
    TableDump = 12,
    TableDumpV2 = 13,
    Bgp4mp = 16,
    Bgp4mpExtended = 17,
}

/// What stands at the start of some bytes.
pub(crate) enum Framing<'a> {
    /// A record; it fills so many octets.
    Record(Frame<'a>, usize),
    /// The start of a record; so many octets are needed.
    More(usize),
    /// No record: neither the type nor the length can be one's.
    Lost,
}

impl MrtType {
    #[inline]
    pub(crate) const fn of(code: u16) -> Option<Self> {
        Some(match code {
            5 => MrtType::Bgp,
            12 => MrtType::TableDump,
            13 => MrtType::TableDumpV2,
            16 => MrtType::Bgp4mp,
            17 => MrtType::Bgp4mpExtended,
            _ => return None,
        })
    }
}

impl<'a> Frame<'a> {
    /// When the record was written.
    #[inline]
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_seconds(self.seconds.into())
    }
}

impl<'a> Framing<'a> {
    #[inline]
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Framing::More(HEADER);
        };
        let Some(header) = Header::of(header) else { return Framing::Lost };
        match rest.get(..header.length) {
            Some(body) => {
                let Header { seconds, mrt_type, subtype, length } = header;
                Framing::Record(Frame { seconds, mrt_type, subtype, body }, HEADER + length)
            }
            None => Framing::More(HEADER + header.length),
        }
    }
}

/// Whether some bytes begin as MRT records do.
pub(crate) fn is_mrt(bytes: &[u8]) -> bool {
    bytes.first_chunk().and_then(Header::of).is_some_and(|header| header.subtype <= 0xff)
}

/// How far it is to the next place where records begin again, after framing was lost: a few headers
/// in a row of a type that holds routes, close in time. None where there is no such place.
///
/// `seconds` is the time of the last good record. At the end of the stream fewer headers do.
pub(crate) fn gap(bytes: &[u8], seconds: u32) -> Option<usize> {
    (1..bytes.len().saturating_sub(HEADER)).find(|from| {
        let mut rest = bytes.get(*from..).unwrap_or_default();
        (0..CHAIN).all(|link| {
            if link > 0 && rest.is_empty() {
                return true;
            }
            let header = rest.first_chunk().and_then(Header::of);
            let Some(header) = header.filter(|header| header.resumes(seconds)) else {
                return false;
            };
            rest = rest.get(HEADER + header.length..).unwrap_or_default();
            true
        })
    })
}

/// An MRT header that makes sense.
#[derive(Clone, Copy)]
struct Header {
    seconds: u32,
    mrt_type: u16,
    subtype: u16,
    length: usize,
}

impl Header {
    /// None of a type that IANA never gave away, or of a length that its type cannot have.
    #[inline]
    fn of(octets: &[u8; HEADER]) -> Option<Self> {
        let mut cursor = Cursor::new(octets);
        let (seconds, mrt_type, subtype) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
        let length = usize::try_from(cursor.u32()?).ok()?;
        let (shortest, longest) = match MrtType::of(mrt_type) {
            Some(MrtType::Bgp) => (0, MESSAGE_MAX),
            Some(MrtType::Bgp4mp) => (8, MESSAGE_MAX),
            Some(MrtType::Bgp4mpExtended) => (12, MESSAGE_MAX),
            Some(MrtType::TableDump) => (22, MESSAGE_MAX),
            Some(MrtType::TableDumpV2) => (6, RECORD_MAX),
            // A run of zeros would else be records of type 0.
            None if (1..=64).contains(&mrt_type) => (0, RECORD_MAX),
            None => return None,
        };
        (shortest..=longest).contains(&length).then_some(Header {
            seconds,
            mrt_type,
            subtype,
            length,
        })
    }

    /// Whether records may begin again here.
    fn resumes(&self, seconds: u32) -> bool {
        const DAY: u32 = 86_400;
        MrtType::of(self.mrt_type).is_some()
            && self.subtype <= 13
            && self.seconds.abs_diff(seconds) <= DAY
    }
}

use bgp::{Family, Prefix};

use crate::Filter;
use crate::cursor::Cursor;

/// One route's key: the prefix, and the path identifier where the session uses ADD-PATH (RFC 7911
/// section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nlri {
    /// The prefix; bits behind its length are cleared, as they are irrelevant (RFC 4271 section 4.3).
    pub prefix: Prefix,
    /// The path identifier; zero without ADD-PATH.
    pub path_id: u32,
}

/// A field of prefixes, one behind the other (RFC 4271 section 4.3, RFC 7911 section 3).
///
/// Whether there are path identifiers is told by the session and never guessed: an octet 0 is a
/// default route as well as the start of a path identifier.
#[derive(Clone, Copy)]
pub(crate) struct NlriField<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) family: Family,
    pub(crate) add_path: bool,
}

impl<'a> NlriField<'a> {
    /// How many of the prefixes the filter wants. Err with the bytes from the first prefix on that is
    /// too long for its family or for the field.
    pub(crate) fn wanted(&self, filter: &impl Filter) -> Result<u64, &'a [u8]> {
        let mut cursor = Cursor::new(self.bytes);
        let mut wanted = 0;
        while !cursor.is_empty() {
            let from = cursor.rest();
            if self.add_path {
                cursor.u32().ok_or(from)?;
            }
            wanted += u64::from(match self.family {
                Family::Ipv4 => {
                    let (bits, length) = v4(&mut cursor).ok_or(from)?;
                    filter.wants_v4(bits, length)
                }
                Family::Ipv6 => {
                    let (bits, length) = v6(&mut cursor).ok_or(from)?;
                    filter.wants_v6(bits, length)
                }
            });
        }
        Ok(wanted)
    }

    /// The prefixes up to the first broken one.
    #[inline]
    pub(crate) fn routes(self) -> impl Iterator<Item = Nlri> + 'a {
        let mut cursor = Cursor::new(self.bytes);
        std::iter::from_fn(move || {
            let path_id = if self.add_path { cursor.u32()? } else { 0 };
            Some(Nlri { prefix: prefix(self.family, &mut cursor)?, path_id })
        })
    }

    /// Whether the prefixes can be what they seem to be: none is too long, none has bits behind its
    /// length. Path identifiers that are read as prefixes show by their leading zeros, which look
    /// like one default route after the other.
    pub(crate) fn is_sound(self) -> bool {
        let mut cursor = Cursor::new(self.bytes);
        let mut defaults = 0;
        while !cursor.is_empty() {
            if self.add_path && cursor.u32().is_none() {
                return false;
            }
            let from = cursor.rest();
            let Some(prefix) = prefix(self.family, &mut cursor) else { return false };
            let length = prefix.length();
            let last = from.get(usize::from(length.div_ceil(8))).copied().unwrap_or(0);
            if length % 8 != 0 && last << (length % 8) != 0 {
                return false;
            }
            defaults += usize::from(length == 0);
        }
        self.add_path || defaults <= 1
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// One prefix: a length in bits and as many octets as it needs.
#[inline]
pub(crate) fn prefix(family: Family, cursor: &mut Cursor<'_>) -> Option<Prefix> {
    let (bits, length) = match family {
        Family::Ipv4 => v4(cursor).map(|(bits, length)| (u128::from(bits) << 96, length))?,
        Family::Ipv6 => v6(cursor)?,
    };
    Some(Prefix::from_bits(family, bits, length))
}

/// The bits of one IPv4 prefix, those behind its length cleared.
#[inline]
pub(crate) fn v4(cursor: &mut Cursor<'_>) -> Option<(u32, u8)> {
    let length = cursor.u8().filter(|length| *length <= 32)?;
    let octets = usize::from(length.div_ceil(8));
    // Loading four octets and masking is several times faster than a copy of variable length; only
    // the last prefixes of a field are too near its end for it.
    let bits = match cursor.rest().first_chunk() {
        Some(chunk) => {
            cursor.take(octets)?;
            u32::from_be_bytes(*chunk)
        }
        None => cursor
            .take(octets)?
            .iter()
            .rev()
            .fold(0, |bits, octet| bits >> 8 | u32::from(*octet) << 24),
    };
    Some((bits & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0), length))
}

/// The bits of one IPv6 prefix, those behind its length cleared.
#[inline]
pub(crate) fn v6(cursor: &mut Cursor<'_>) -> Option<(u128, u8)> {
    let length = cursor.u8().filter(|length| *length <= 128)?;
    let octets = usize::from(length.div_ceil(8));
    let bits = match cursor.rest().first_chunk() {
        Some(chunk) => {
            cursor.take(octets)?;
            u128::from_be_bytes(*chunk)
        }
        None => {
            let octets = cursor.take(octets)?.iter().rev();
            octets.fold(0, |bits, octet| bits >> 8 | u128::from(*octet) << 120)
        }
    };
    Some((bits & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0), length))
}

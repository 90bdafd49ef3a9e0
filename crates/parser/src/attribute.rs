use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp::{Asn, Family};

use crate::cursor::Cursor;
use crate::path::{Segments, Soundness};
use crate::{AsSize, DamageKind, code};

/// One attribute: flags, type code, value (RFC 4271 section 4.3).
#[derive(Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) flags: u8,
    pub(crate) code: u8,
    pub(crate) value: &'a [u8],
}

/// Bits of the flags octet (RFC 4271 section 4.3).
const EXTENDED_LENGTH: u8 = 0x10;
const OPTIONAL: u8 = 0x80;
const TRANSITIVE: u8 = 0x40;

/// What MP_REACH_NLRI says beside its prefixes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    pub(crate) family: Family,
    pub(crate) next_hop: Option<IpAddr>,
}

impl Attribute<'_> {
    /// The next attribute; None where the bytes left are not one (RFC 7606 section 4).
    #[inline]
    pub(crate) fn read<'a>(cursor: &mut Cursor<'a>) -> Option<Attribute<'a>> {
        let [flags, code] = cursor.array()?;
        let length = match flags & EXTENDED_LENGTH {
            0 => cursor.u8().map(usize::from)?,
            _ => cursor.u16().map(usize::from)?,
        };
        Some(Attribute { flags, code, value: cursor.take(length)? })
    }

    /// Whether it is optional or transitive where it must not be, or the other way round.
    #[inline]
    pub(crate) const fn has_wrong_flags(&self) -> bool {
        match flags(self.code) {
            Some(flags) => self.flags & (OPTIONAL | TRANSITIVE) != flags,
            None => false,
        }
    }
}

/// Whether an attribute is optional and transitive, as the RFC that defines it says; none of one that
/// is not looked at.
#[inline]
pub(crate) const fn flags(code: u8) -> Option<u8> {
    Some(match code {
        code::ORIGIN
        | code::AS_PATH
        | code::NEXT_HOP
        | code::LOCAL_PREF
        | code::ATOMIC_AGGREGATE => TRANSITIVE,
        code::MULTI_EXIT_DISC
        | code::ORIGINATOR_ID
        | code::CLUSTER_LIST
        | code::MP_REACH_NLRI
        | code::MP_UNREACH_NLRI => OPTIONAL,
        code::AGGREGATOR
        | code::COMMUNITIES
        | code::EXTENDED_COMMUNITIES
        | code::AS4_PATH
        | code::AS4_AGGREGATOR
        | code::IPV6_EXTENDED_COMMUNITIES
        | code::LARGE_COMMUNITY
        | code::ONLY_TO_CUSTOMER => OPTIONAL | TRANSITIVE,
        _ => return None,
    })
}

/// The value, if it has exactly this length.
#[inline]
pub(crate) fn exactly<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    value.try_into().ok()
}

/// What is wrong with the segments of a path, if anything: only `AsPath` costs it.
pub(crate) fn path(bytes: &[u8], size: AsSize) -> Result<(), DamageKind> {
    match (Segments { bytes, size }).check() {
        Soundness::Sound => Ok(()),
        Soundness::EmptySegment => Err(DamageKind::Attribute { attribute: code::AS_PATH }),
        Soundness::AsZero => Err(DamageKind::AsZero),
        Soundness::Broken => Err(DamageKind::AsPath),
    }
}

/// Whether the value of an attribute that is not read has a length that it may have.
pub(crate) const fn has_sound_length(code: u8, value: &[u8]) -> bool {
    match code {
        code::ORIGINATOR_ID => value.len() == 4,
        code::CLUSTER_LIST => is_list(value, 4),
        code::EXTENDED_COMMUNITIES => is_list(value, 8),
        code::IPV6_EXTENDED_COMMUNITIES => is_list(value, 20),
        _ => true,
    }
}

/// Whether it holds at least one item of this length and no part of one.
pub(crate) const fn is_list(value: &[u8], item: usize) -> bool {
    !value.is_empty() && value.len().is_multiple_of(item)
}

pub(crate) fn aggregator(value: &[u8], size: AsSize) -> Option<(Asn, Ipv4Addr)> {
    let mut cursor = Cursor::new(value);
    let asn = cursor.asn(size)?;
    Some((asn, Ipv4Addr::from(exactly(cursor.rest())?)))
}

/// The next hop of MP_REACH_NLRI in its full form (RFC 4760 section 3) or in that of TABLE_DUMP_V2,
/// a next hop with its length (RFC 6396 section 4.3.4), and whether it is sound. Writers use both; the
/// first octet of an address family is none of the lengths. None where it is of a family that we do
/// not read.
pub(crate) fn reach(value: &[u8]) -> (Option<Reach>, bool) {
    if let Some((length @ (4 | 16 | 32), rest)) = value.split_first() {
        // Stray octets behind the next hop say nothing about it.
        let next_hop = rest.get(..usize::from(*length)).and_then(next_hop_of);
        let is_sound = rest.len() == usize::from(*length);
        return (Some(Reach { family: Family::Ipv6, next_hop }), is_sound);
    }
    let mut cursor = Cursor::new(value);
    let Some([afi_high, afi, safi, length]) = cursor.array() else { return (None, false) };
    let family = match (afi_high, afi, safi) {
        (0, 1, 1) => Family::Ipv4,
        (0, 2, 1) => Family::Ipv6,
        _ => return (None, cursor.take(length.into()).is_some()),
    };
    let next_hop = cursor.take(length.into()).and_then(next_hop_of);
    (Some(Reach { family, next_hop }), next_hop.is_some())
}

/// IPv4, or IPv6 with or without a link-local address behind it (RFC 2545 section 3).
fn next_hop_of(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => exactly::<4>(octets).map(IpAddr::from),
        16 | 32 => octets.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into()),
        _ => None,
    }
}

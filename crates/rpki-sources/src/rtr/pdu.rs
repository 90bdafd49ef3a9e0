//! Protocol data units, from bytes and to bytes (RFC 6810, RFC 8210, draft-ietf-sidrops-8210bis).
//!
//! Where each field lies in a PDU of fixed length is the `rpki` crate's knowledge: the header, prefixes,
//! End of Data in both versions, all that a router sends. What stays ours is what its types (0.20)
//! cannot carry:
//!
//! * Framing. Its `read` functions take a socket, two calls for each PDU, and cannot be told that an answer
//!   is in the buffer already; ours take what has come, and refuse a length before the body is there.
//! * ASPA. It reads the layout of today's drafts, which Routinator and RTRTR send; StayRTR 0.5 sends that of
//!   draft-ietf-sidrops-8210bis-10, with the count of providers and the family in it. And of today's
//!   it refuses a PDU without providers, which is what every withdrawal is.
//! * Error Report. It skips the text, which is the one thing that a person can use, and it has no word for
//!   a report of a version that nobody speaks: FORT 1.6.0 and 1.6.1 answer a version that is too new
//!   for them with a report of version 255.
//! * Serial Notify: the type has no way to ask for its serial. Router Key: we only count them.

use std::net::IpAddr;

use bgp::{Asn, Prefix};
use rpki::rtr::payload::Action;
use rpki::rtr::pdu::{Aspa, Error, RouterKey};
use rpki::rtr::pdu::{CacheReset, CacheResponse, ResetQuery, SerialNotify, SerialQuery};
use rpki::rtr::pdu::{EndOfDataV0, EndOfDataV1, ErrorCode, Header, Ipv4Prefix, Ipv6Prefix};
use rpki::rtr::state::{Serial, State};
use validator::Vrp;

/// What every PDU begins with: version, type, two octets that depend on the type, length.
const HEADER: usize = size_of::<Header>();

/// The longest PDU that is taken: an ASPA of 16,380 providers (8210bis section 5.12), which is
/// also more than any router key or error report needs.
const MAX_LENGTH: usize = 12 + 4 * 16_380;

/// What a cache sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pdu {
    SerialNotify { session: u16, serial: u32 },
    CacheResponse { session: u16 },
    Prefix { action: Action, vrp: Vrp },
    RouterKey { action: Action },
    Aspa { action: Action, customer: Asn, scope: Scope, providers: Vec<Asn> },
    EndOfData { session: u16, serial: u32, timing: Option<Timing> },
    CacheReset,
    Error { code: u16, text: String },
}

/// Which routes an ASPA speaks of: the layout of draft-ietf-sidrops-8210bis-10, which StayRTR 0.5
/// sends, has one PDU for each family; later ones are for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Any,
    Family(u8),
}

/// How often to ask, in seconds, as the cache says it (RFC 8210 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timing {
    pub(super) refresh: u32,
    pub(super) retry: u32,
    pub(super) expire: u32,
}

/// What a router sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Reset,
    Serial { session: u16, serial: u32 },
}

/// Bytes that are no PDU. The stream cannot be read on after any of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PduError {
    #[error("a PDU of type {kind} says it has {length} octets")]
    Length { kind: u8, length: u32 },
    #[error("a PDU of unknown type {0}")]
    Type(u8),
    #[error("protocol version {0} is not known")]
    Version(u8),
    #[error("a prefix PDU with prefix length {length}, max length {max_length}")]
    Prefix { length: u8, max_length: u8 },
}

impl PduError {
    /// The code of the Error Report that answers it (RFC 8210 section 12).
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            PduError::Length { .. } | PduError::Prefix { .. } => ErrorCode::CORRUPT_DATA,
            PduError::Type(_) => ErrorCode::UNSUPPORTED_PDU_TYPE,
            PduError::Version(_) => ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        }
    }
}

/// The first PDU of these bytes with its version and its length; none if there is not yet enough.
/// What is wrong with a header is told before its body has come.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(u8, Pdu, usize)>, PduError> {
    let Some(header) = bytes.get(..HEADER).and_then(fixed::<Header>) else { return Ok(None) };
    let (version, kind, length) = (header.version(), header.pdu(), header.length());
    // A cache that does not know our version may answer in one that nobody knows.
    if version > 2 && kind != Error::PDU {
        return Err(PduError::Version(version));
    }
    let wrong = PduError::Length { kind, length };
    let length = match usize::try_from(length) {
        Ok(length) if fits(version, kind, length) => length,
        _ if is_known(kind) => return Err(wrong),
        _ => return Err(PduError::Type(kind)),
    };
    let Some(octets) = bytes.get(..length) else { return Ok(None) };
    let pdu = decode(header, octets).ok_or(wrong)??;
    Ok(Some((version, pdu, length)))
}

/// A PDU of these octets, if it has as many.
fn fixed<P: Default + AsMut<[u8]>>(octets: &[u8]) -> Option<P> {
    let mut pdu = P::default();
    let place = pdu.as_mut();
    (place.len() == octets.len()).then(|| place.copy_from_slice(octets))?;
    Some(pdu)
}

/// Whether a cache may send PDUs of this type, in any version.
fn is_known(kind: u8) -> bool {
    matches!(
        kind,
        SerialNotify::PDU
            | CacheResponse::PDU
            | Ipv4Prefix::PDU
            | Ipv6Prefix::PDU
            | EndOfDataV1::PDU
            | CacheReset::PDU
            | RouterKey::PDU
            | Error::PDU
            | Aspa::PDU
    )
}

/// Whether a PDU of this type may have this length.
fn fits(version: u8, kind: u8, length: usize) -> bool {
    let fits = match (kind, version) {
        (SerialNotify::PDU, _) => length == size_of::<SerialNotify>(),
        (CacheResponse::PDU | CacheReset::PDU, _) => length == HEADER,
        (Ipv4Prefix::PDU, _) => length == size_of::<Ipv4Prefix>(),
        (Ipv6Prefix::PDU, _) => length == size_of::<Ipv6Prefix>(),
        (EndOfDataV0::PDU, 0) => length == size_of::<EndOfDataV0>(),
        (EndOfDataV1::PDU, _) => length == size_of::<EndOfDataV1>(),
        (RouterKey::PDU, 1..) => length >= HEADER + 24,
        (Error::PDU, _) => length >= HEADER + 8,
        (Aspa::PDU, 2..) => length >= HEADER + 4 && length.is_multiple_of(4),
        _ => false,
    };
    fits && length <= MAX_LENGTH
}

/// None if there are fewer octets than what is read of them.
fn decode(header: Header, octets: &[u8]) -> Option<Result<Pdu, PduError>> {
    let session = header.session();
    let [flags, _] = session.to_be_bytes();
    Some(Ok(match header.pdu() {
        SerialNotify::PDU => Pdu::SerialNotify { session, serial: u32_at(octets, HEADER)? },
        CacheResponse::PDU => Pdu::CacheResponse { session },
        Ipv4Prefix::PDU => {
            let pdu = fixed::<Ipv4Prefix>(octets)?;
            return Some(prefix(
                pdu.flags(),
                pdu.prefix().into(),
                [pdu.prefix_len(), pdu.max_len()],
                pdu.asn(),
            ));
        }
        Ipv6Prefix::PDU => {
            let pdu = fixed::<Ipv6Prefix>(octets)?;
            return Some(prefix(
                pdu.flags(),
                pdu.prefix().into(),
                [pdu.prefix_len(), pdu.max_len()],
                pdu.asn(),
            ));
        }
        EndOfDataV1::PDU => end_of_data(session, octets)?,
        CacheReset::PDU => Pdu::CacheReset,
        RouterKey::PDU => Pdu::RouterKey { action: Action::from_flags(flags) },
        Aspa::PDU => aspa(session, octets.get(HEADER..)?)?,
        _ => Pdu::Error { code: session, text: error_text(octets.get(HEADER..)?) },
    }))
}

fn prefix(
    flags: u8,
    address: IpAddr,
    [length, max_length]: [u8; 2],
    asn: rpki::resources::Asn,
) -> Result<Pdu, PduError> {
    let prefix = Prefix::new_relaxed(address, length).ok();
    let vrp = prefix.and_then(|prefix| Vrp::new(prefix, max_length, asn.into_u32().into()).ok());
    let vrp = vrp.ok_or(PduError::Prefix { length, max_length })?;
    Ok(Pdu::Prefix { action: Action::from_flags(flags), vrp })
}

/// The length tells the version.
fn end_of_data(session: u16, octets: &[u8]) -> Option<Pdu> {
    if let Some(pdu) = fixed::<EndOfDataV0>(octets) {
        let serial = pdu.serial().into();
        return Some(Pdu::EndOfData { session, serial, timing: None });
    }
    let pdu = fixed::<EndOfDataV1>(octets)?;
    let timing = pdu.timing();
    let (refresh, retry, expire) = (timing.refresh, timing.retry, timing.expire);
    let timing = Some(Timing { refresh, retry, expire });
    Some(Pdu::EndOfData { session, serial: pdu.serial().into(), timing })
}

/// Which of the two layouts it is, the header and the arithmetic tell: the older one has zero in the
/// header and says how many providers there are.
fn aspa(field: u16, body: &[u8]) -> Option<Pdu> {
    let [flags, _] = field.to_be_bytes();
    let (first, rest) = body.split_first_chunk::<4>()?;
    let [old_flags, afi, count @ ..] = *first;
    let count = usize::from(u16::from_be_bytes(count));
    if field == 0 && rest.len() == 4 + 4 * count {
        let (customer, providers) = rest.split_first_chunk::<4>()?;
        let customer = Asn::new(u32::from_be_bytes(*customer));
        let (action, scope) = (Action::from_flags(old_flags), Scope::Family(afi));
        return Some(Pdu::Aspa { action, customer, scope, providers: asns(providers) });
    }
    let customer = Asn::new(u32::from_be_bytes(*first));
    let (action, scope) = (Action::from_flags(flags), Scope::Any);
    Some(Pdu::Aspa { action, customer, scope, providers: asns(rest) })
}

fn asns(bytes: &[u8]) -> Vec<Asn> {
    bytes.as_chunks().0.iter().map(|octets| Asn::new(u32::from_be_bytes(*octets))).collect()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
}

/// How much of an error text is kept: a line.
const ERROR_TEXT: usize = 200;

/// The text of an Error Report: behind the length and the copy of what was wrong, a length and the
/// text. It is told to people, so nothing in it may do harm, and nothing depends on it.
fn error_text(body: &[u8]) -> String {
    let text = || {
        let copied = usize::try_from(u32_at(body, 0)?).ok()?;
        let rest = body.get(4..)?.get(copied..)?;
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        rest.get(4..)?.get(..length)
    };
    bgp::excerpt(&String::from_utf8_lossy(text().unwrap_or_default()), ERROR_TEXT)
}

impl Query {
    /// As it goes out.
    pub(super) fn write(self, version: u8) -> Vec<u8> {
        match self {
            Query::Reset => ResetQuery::new(version).as_ref().to_vec(),
            Query::Serial { session, serial } => {
                let state = State::from_parts(session, Serial(serial));
                SerialQuery::new(version, state).as_ref().to_vec()
            }
        }
    }
}

/// An Error Report (RFC 8210 section 5.11), without a copy of what was wrong.
pub(super) fn error_report(version: u8, code: ErrorCode, text: &str) -> Vec<u8> {
    let text = text.as_bytes().get(..ERROR_TEXT).unwrap_or(text.as_bytes());
    Error::new(version, code.0, [], text).as_ref().to_vec()
}

#[cfg(test)]
mod tests;

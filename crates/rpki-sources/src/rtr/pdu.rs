//! Protocol data units, from bytes and to bytes (RFC 6810, RFC 8210, draft-ietf-sidrops-8210bis).
//!
//! Read here and not by the `rpki` crate, which knows one of the two ASPA layouts that are in the
//! field and reads each PDU with two calls of the socket. It is the oracle in the tests.

use std::net::IpAddr;

use bgp::{Asn, Prefix};
use validator::Vrp;

/// What every PDU begins with: version, type, two octets that depend on the type, length.
const HEADER: usize = 8;

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

/// What is to be done with a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Announce,
    Withdraw,
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
    pub(super) fn code(&self) -> u16 {
        match self {
            PduError::Length { .. } | PduError::Prefix { .. } => 0,
            PduError::Type(_) => 5,
            PduError::Version(_) => 4,
        }
    }
}

/// The first PDU of these bytes with its version and its length; none if there is not yet enough.
/// What is wrong with a header is told before its body has come.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(u8, Pdu, usize)>, PduError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else { return Ok(None) };
    let [version, kind, high, low, length @ ..] = *header;
    let length = u32::from_be_bytes(length);
    if version > 2 {
        return Err(PduError::Version(version));
    }
    let wrong = PduError::Length { kind, length };
    let body_length = body_length(version, kind, length).ok_or(match kind {
        0 | 3..=4 | 6..=11 => wrong.clone(),
        _ => PduError::Type(kind),
    })?;
    let Some((body, _)) = rest.split_at_checked(body_length) else { return Ok(None) };
    let field = u16::from_be_bytes([high, low]);
    let pdu = decode(kind, field, body).ok_or(wrong)??;
    Ok(Some((version, pdu, HEADER + body_length)))
}

/// How long the body of this PDU is; none if that cannot be.
fn body_length(version: u8, kind: u8, length: u32) -> Option<usize> {
    let length = usize::try_from(length).ok()?;
    let fits = match (kind, version) {
        (0, _) => length == 12,
        (3 | 8, _) => length == 8,
        (4, _) => length == 20,
        (6, _) => length == 32,
        (7, 0) => length == 12,
        (7, _) => length == 24,
        (9, 1..) => length >= 32,
        (10, _) => length >= 16,
        (11, 2..) => length >= 12 && length % 4 == 0,
        _ => false,
    };
    (fits && length <= MAX_LENGTH).then(|| length.saturating_sub(HEADER))
}

/// None if the body is shorter than what is read of it.
fn decode(kind: u8, field: u16, body: &[u8]) -> Option<Result<Pdu, PduError>> {
    Some(Ok(match kind {
        0 => Pdu::SerialNotify { session: field, serial: u32_at(body, 0)? },
        3 => Pdu::CacheResponse { session: field },
        4 | 6 => return prefix(kind == 4, body),
        7 => {
            let timing = u32_at(body, 4).zip(u32_at(body, 8)).zip(u32_at(body, 12));
            let timing = timing.map(|((refresh, retry), expire)| Timing { refresh, retry, expire });
            Pdu::EndOfData { session: field, serial: u32_at(body, 0)?, timing }
        }
        8 => Pdu::CacheReset,
        9 => Pdu::RouterKey { action: action(field.to_be_bytes()[0]) },
        11 => aspa(field, body)?,
        _ => Pdu::Error { code: field, text: error_text(body) },
    }))
}

fn prefix(v4: bool, body: &[u8]) -> Option<Result<Pdu, PduError>> {
    let ([flags, length, max_length, _], rest) = body.split_first_chunk()?;
    let (address, rest) = if v4 {
        let (octets, rest) = rest.split_first_chunk::<4>()?;
        (IpAddr::from(*octets), rest)
    } else {
        let (octets, rest) = rest.split_first_chunk::<16>()?;
        (IpAddr::from(*octets), rest)
    };
    let asn = Asn::new(u32_at(rest, 0)?);
    let prefix = Prefix::new_relaxed(address, *length).ok();
    let vrp = prefix.and_then(|prefix| Vrp::new(prefix, *max_length, asn).ok());
    let wrong = PduError::Prefix { length: *length, max_length: *max_length };
    Some(vrp.map(|vrp| Pdu::Prefix { action: action(*flags), vrp }).ok_or(wrong))
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
        let (action, scope) = (action(old_flags), Scope::Family(afi));
        return Some(Pdu::Aspa { action, customer, scope, providers: asns(providers) });
    }
    let customer = Asn::new(u32::from_be_bytes(*first));
    let (action, scope) = (action(flags), Scope::Any);
    Some(Pdu::Aspa { action, customer, scope, providers: asns(rest) })
}

fn asns(bytes: &[u8]) -> Vec<Asn> {
    bytes.as_chunks().0.iter().map(|octets| Asn::new(u32::from_be_bytes(*octets))).collect()
}

fn action(flags: u8) -> Action {
    if flags & 1 == 1 { Action::Announce } else { Action::Withdraw }
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
    let text = String::from_utf8_lossy(text().unwrap_or_default());
    text.chars().filter(|c| !c.is_control()).take(ERROR_TEXT).collect()
}

impl Query {
    /// As it goes out.
    pub(super) fn write(self, version: u8) -> Vec<u8> {
        match self {
            Query::Reset => vec![version, 2, 0, 0, 0, 0, 0, 8],
            Query::Serial { session, serial } => {
                let [high, low] = session.to_be_bytes();
                [&[version, 1, high, low, 0, 0, 0, 12], &serial.to_be_bytes()[..]].concat()
            }
        }
    }
}

/// An Error Report (RFC 8210 section 5.11), without a copy of what was wrong.
pub(super) fn error_report(version: u8, code: u16, text: &str) -> Vec<u8> {
    let text = text.as_bytes().get(..ERROR_TEXT).unwrap_or(text.as_bytes());
    let octets = u8::try_from(text.len()).unwrap_or(0);
    let [high, low] = code.to_be_bytes();
    let head = [version, 10, high, low, 0, 0, 0, 16 + octets, 0, 0, 0, 0, 0, 0, 0, octets];
    [&head, text].concat()
}

#[cfg(test)]
mod tests;

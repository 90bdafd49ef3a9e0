//! VRPs as validators publish them, in every dialect that is met: JSON of Routinator, rpki-client,
//! Cloudflare, StayRTR, RTRTR, OctoRPKI and RIPE's validator 3, plain arrays, CSV, and the
//! filter lists for OpenBGPD and BIRD. Which it is, is told by the content.

mod error;
mod intake;
mod json;
mod lines;

use std::io::Read;

use validator::RpkiSnapshot;

pub use error::DocumentError;
use error::start_of;
use intake::Intake;

/// What a source may cost.
#[derive(Clone, Copy)]
struct Limits {
    /// Decompressed.
    bytes: usize,
    vrps: usize,
}

/// Two and a half times the largest that is published and five times all VRPs there are: so much memory a source gone
/// mad costs, and no more.
const LIMITS: Limits = Limits { bytes: 256 << 20, vrps: 4_000_000 };

/// Reads a whole source: gzip and bzip2 by content, then JSON or lines by content.
///
/// An entry that is no VRP is counted and skipped with its reason. One with host bits set is one
/// of those: what its author meant cannot be known (RFC 9582 section 4.3.2.1 has no such thing).
/// A missing max length is the prefix length. Expired VRPs are kept, with their expiry: time is
/// the caller's ([`RpkiSnapshot::unexpired`]).
pub fn parse(bytes: &[u8]) -> Result<RpkiSnapshot, DocumentError> {
    parse_within(LIMITS, bytes)
}

fn parse_within(limits: Limits, bytes: &[u8]) -> Result<RpkiSnapshot, DocumentError> {
    let inflated;
    let plain = match bytes {
        [0x1f, 0x8b, ..] => {
            inflated = inflate(limits.bytes, flate2::read::MultiGzDecoder::new(bytes))?;
            &inflated
        }
        [b'B', b'Z', b'h', ..] => {
            inflated = inflate(limits.bytes, bzip2::read::MultiBzDecoder::new(bytes))?;
            &inflated
        }
        _ => bytes,
    };
    if plain.len() > limits.bytes {
        return Err(DocumentError::TooLarge(limits.bytes));
    }
    parse_plain(limits, plain)
}

/// At most one byte more than the limit, which tells "as much as" from "more than".
fn inflate(limit: usize, decoder: impl Read) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    let read = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| DocumentError::Compression(error.to_string()))?;
    Ok(bytes)
}

fn parse_plain(limits: Limits, bytes: &[u8]) -> Result<RpkiSnapshot, DocumentError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let mut intake = Intake::new(limits.vrps);
    match bytes.first() {
        None => return Err(DocumentError::Empty),
        Some(b'<') => return Err(DocumentError::Html(start_of(bytes))),
        Some(b'{' | b'[') => json::read(bytes, &mut intake)?,
        Some(_) => lines::read(bytes, &mut intake)?,
    }
    intake.into_snapshot()
}

#[cfg(test)]
mod tests;

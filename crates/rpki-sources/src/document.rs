//! VRPs as validators publish them, in every dialect that is met: JSON of Routinator, rpki-client,
//! Cloudflare, StayRTR, RTRTR, OctoRPKI and RIPE's validator 3, plain arrays, CSV, and the
//! filter lists for OpenBGPD and BIRD. Which it is, is told by the content.

mod json;
mod lines;

use std::io::Read;

use bgp::{Asn, Prefix, Timestamp};
use validator::{AspaTable, Rows, RpkiSnapshot, Skipped, Vrp};

/// What a source may cost.
#[derive(Clone, Copy)]
struct Limits {
    /// Decompressed.
    bytes: usize,
    vrps: usize,
}

/// Five times the largest that is published and five times all VRPs there are, so that a source
/// gone mad costs some hundred megabytes and not the machine.
const LIMITS: Limits = Limits { bytes: 512 << 20, vrps: 4_000_000 };

/// Why a source gives no snapshot at all. A single bad entry is no reason: see
/// [`RpkiSnapshot::skipped`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nothing there.
    #[error("empty: expected VRPs as JSON or CSV")]
    Empty,
    /// A web page, most often an error page or a portal.
    #[error("looks like HTML, not VRPs: it starts with '{0}'")]
    Html(String),
    /// The end came inside a value.
    #[error("cut off at line {line}, column {column}: the JSON is not complete")]
    Truncated {
        /// Where the input ends, from 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
    },
    /// Not JSON, although it begins like it.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Json {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What the JSON parser says.
        reason: String,
    },
    /// JSON of something else.
    #[error("JSON without VRPs: expected a list under 'roas' or 'vrps', found {0}")]
    NoVrps(String),
    /// Local exceptions, which belong elsewhere.
    #[error("a SLURM file, not VRPs: list it under slurm")]
    Slurm,
    /// Neither.
    #[error("neither JSON nor CSV: it starts with '{0}'")]
    Unknown(String),
    /// There are entries, but not one of them is a VRP.
    #[error("none of {count} entries is a VRP; the first: {reason}")]
    NothingUsable {
        /// How many there are.
        count: usize,
        /// What is wrong with the first.
        reason: String,
    },
    /// Damaged gzip or bzip2.
    #[error("cannot decompress: {0}")]
    Compression(String),
    /// Beyond what this crate will hold.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Beyond what this crate will hold.
    #[error("more than {0} VRPs")]
    TooMany(usize),
}

/// Reads a whole source: gzip and bzip2 by content, then JSON or lines by content.
///
/// An entry that is no VRP is counted and skipped with its reason. One with host bits set is one
/// of those: what its author meant cannot be known (RFC 9582 section 4.3.2.1 has no such thing).
/// A missing max length is the prefix length. Expired VRPs are kept, with their expiry: time is
/// the caller's ([`RpkiSnapshot::unexpired`]).
pub fn parse(bytes: &[u8]) -> Result<RpkiSnapshot, SourceError> {
    parse_within(LIMITS, bytes)
}

fn parse_within(limits: Limits, bytes: &[u8]) -> Result<RpkiSnapshot, SourceError> {
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
        return Err(SourceError::TooLarge(limits.bytes));
    }
    parse_plain(limits, plain)
}

/// At most one byte more than the limit, which tells "as much as" from "more than".
fn inflate(limit: usize, decoder: impl Read) -> Result<Vec<u8>, SourceError> {
    let mut bytes = Vec::new();
    let read = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| SourceError::Compression(error.to_string()))?;
    Ok(bytes)
}

fn parse_plain(limits: Limits, bytes: &[u8]) -> Result<RpkiSnapshot, SourceError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let mut intake = Intake::new(limits.vrps);
    match bytes.first() {
        None => return Err(SourceError::Empty),
        Some(b'<') => return Err(SourceError::Html(start_of(bytes))),
        Some(b'{' | b'[') => json::read(bytes, &mut intake)?,
        Some(_) => lines::read(bytes, &mut intake)?,
    }
    intake.into_snapshot()
}

/// The first line, shortened, for an error.
fn start_of(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(40).collect()
}

/// What has been read so far.
struct Intake {
    rows: Rows,
    snapshot: RpkiSnapshot,
    entries: usize,
    max_vrps: usize,
}

/// One entry of a source, understood.
struct Entry<'a> {
    prefix: Prefix,
    max_length: Option<u8>,
    asn: Asn,
    trust_anchor: Option<&'a str>,
    expires: Option<Timestamp>,
}

impl Intake {
    fn new(max_vrps: usize) -> Self {
        Intake { rows: Rows::default(), snapshot: RpkiSnapshot::default(), entries: 0, max_vrps }
    }

    /// Takes the next entry, or the reason why there is none.
    fn entry(&mut self, entry: Result<Entry<'_>, String>) -> Result<(), SourceError> {
        self.entries += 1;
        let checked = entry.and_then(|entry| {
            let max_length = entry.max_length.unwrap_or(entry.prefix.length());
            let vrp = Vrp::new(entry.prefix, max_length, entry.asn);
            vrp.map(|vrp| (vrp, entry)).map_err(|error| error.to_string())
        });
        match checked {
            Err(reason) => self.skip("entry", self.entries, &reason),
            Ok(_) if self.rows.len() == self.max_vrps => {
                return Err(SourceError::TooMany(self.max_vrps));
            }
            Ok((vrp, entry)) => {
                self.rows.push(vrp, entry.expires);
                self.count(entry.trust_anchor);
            }
        }
        Ok(())
    }

    fn skip(&mut self, what: &str, number: usize, reason: &str) {
        self.snapshot.skipped.add(|| format!("{what} {number}: {reason}"));
    }

    fn count(&mut self, trust_anchor: Option<&str>) {
        let Some(name) = trust_anchor else { return };
        let counts = &mut self.snapshot.trust_anchors;
        match counts.get_mut(name) {
            Some(count) => *count += 1,
            None => drop(counts.insert(name.to_owned(), 1)),
        }
    }

    fn aspas(&mut self) -> &mut AspaTable {
        &mut self.snapshot.aspas
    }

    fn into_snapshot(self) -> Result<RpkiSnapshot, SourceError> {
        let Skipped { count, reasons } = &self.snapshot.skipped;
        if self.rows.len() == 0 && self.entries > 0 {
            let reason = reasons.first().cloned().unwrap_or_default();
            return Err(SourceError::NothingUsable { count: *count, reason });
        }
        Ok(RpkiSnapshot { vrps: self.rows.into_table(), ..self.snapshot })
    }
}

#[cfg(test)]
mod tests;

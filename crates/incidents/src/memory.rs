//! What the engine knows, written down so that it can go on after a restart as if nothing had
//! happened.

use std::io::{BufReader, BufWriter, Write as _};

use bgp::Timestamp;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::history::History;
use crate::incident::Incident;
use crate::offender_activity::OffenderActivity;
use crate::route_table::RouteTable;

/// Everything that the past decides. The rest of the engine comes from the config.
#[derive(Debug, Deserialize)]
pub(crate) struct Memory {
    pub(crate) now: Timestamp,
    pub(crate) routes: RouteTable,
    #[serde(rename = "elsewhere")]
    pub(crate) offender_activity: OffenderActivity,
    pub(crate) incidents: Vec<Incident>,
    #[serde(rename = "archive")]
    pub(crate) history: History,
    /// Older versions did not write it.
    #[serde(default)]
    pub(crate) first_salt: u32,
}

/// The same, borrowed.
#[derive(Debug, Serialize)]
pub(crate) struct MemoryRef<'a> {
    pub(crate) now: Timestamp,
    pub(crate) routes: &'a RouteTable,
    #[serde(rename = "elsewhere")]
    pub(crate) offender_activity: &'a OffenderActivity,
    pub(crate) incidents: Vec<&'a Incident>,
    #[serde(rename = "archive")]
    pub(crate) history: &'a History,
    pub(crate) first_salt: u32,
}

impl Memory {
    /// Reads what [`MemoryRef::pack`] wrote, and the plain JSON of older versions.
    pub(crate) fn unpack(packed: &[u8]) -> Result<Self, serde_json::Error> {
        match packed.first() {
            Some(b'{') => serde_json::from_slice(packed),
            _ => serde_json::from_reader(BufReader::new(GzDecoder::new(packed))),
        }
    }
}

impl MemoryRef<'_> {
    /// As JSON in gzip, packed while it is written: each route repeats its watches and its verdict,
    /// so the whole of it in words would be many times as large as the engine.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut packer = BufWriter::new(GzEncoder::new(Vec::new(), Compression::fast()));
        serde_json::to_writer(&mut packer, self)?;
        packer.flush().map_err(serde_json::Error::io)?;
        let packer = packer.into_inner().map_err(|error| serde_json::Error::io(error.into()))?;
        packer.finish().map_err(serde_json::Error::io)
    }
}

//! A file of local exceptions (RFC 8416; version 2 with ASPA, draft-ietf-sidrops-aspa-slurm), read
//! strictly: a key that is not in the RFC is an error, since a misspelt exception would be one that is
//! silently not made.
//!
//! The entries are the `rpki` crate's. What stays ours is what its types (0.20) cannot:
//!
//! * The frame around the entries. It wants each of the four lists to be there, and operators leave out what
//!   they do not use, as StayRTR and FORT let them; and it takes the lists of version 2 in version 1.
//! * Router keys. It decodes SKI and key, and what StayRTR's own examples have in that place is no key.
//!   Nothing here uses them, so their shape is enough.
//! * A filter that says nothing. It takes one and lets it filter nothing; here it is an error.
//!
//! A byte order mark is passed over, as in a document of VRPs.

use std::net::IpAddr;

use bgp::{Asn, Family, Prefix};
use rpki::slurm::{AspaAssertion, AspaFilter, PrefixAssertion};
use serde::Deserialize;
use serde::de::IgnoredAny;
use validator::{PrefixFilter, Slurm, Vrp, VrpError};

/// Why a file is no SLURM file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlurmError {
    /// Not JSON, an unknown key, a value of the wrong kind, host bits.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        reason: String,
    },
    /// A version that is not known.
    #[error("slurmVersion {0} is not known (expected 1 or 2)")]
    Version(u64),
    /// Version 1 has no ASPA.
    #[error("'{0}' needs slurmVersion 2")]
    NeedsVersion2(&'static str),
    /// It would take out everything.
    #[error("prefixFilters, entry {0}: neither prefix nor asn")]
    EmptyFilter(usize),
    /// It names nobody.
    #[error("aspaFilters, entry {0}: no customerAsn")]
    EmptyAspaFilter(usize),
    /// The max length does not fit the prefix.
    #[error("prefixAssertions, entry {entry}: {error}")]
    MaxLength {
        /// From 1.
        entry: usize,
        /// What is wrong.
        error: VrpError,
    },
}

/// Reads one file. Lists may be missing, as they often are.
pub fn parse(bytes: &[u8]) -> Result<Slurm, SlurmError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let file: File = serde_json::from_slice(bytes).map_err(|error| syntax(bytes, &error))?;
    file.into_slurm()
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much of the line is told with an error.
const NEAR: usize = 30;

/// With what stands before the place, where the error does not name what it is about: a key stands in
/// backticks, a value does not.
fn syntax(bytes: &[u8], error: &serde_json::Error) -> SlurmError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let mut reason = text.split(" at line ").next().unwrap_or_default().to_owned();
    if error.is_data() && !reason.contains('`') {
        reason = format!("{reason} (at {})", text_before(bytes, line, column));
    }
    SlurmError::Syntax { line, column, reason }
}

fn text_before(bytes: &[u8], line: usize, column: usize) -> String {
    let line = bytes.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let end = column.min(line.len());
    let near = line.get(end.saturating_sub(NEAR)..end).unwrap_or_default();
    bgp::printable(String::from_utf8_lossy(near).trim_start())
}

/// A file as it is written (RFC 8416 section 3).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    slurm_version: u64,
    validation_output_filters: Filters,
    locally_added_assertions: Assertions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Filters {
    #[serde(default)]
    prefix_filters: Vec<rpki::slurm::PrefixFilter>,
    #[serde(default, rename = "bgpsecFilters")]
    _bgpsec_filters: Vec<KeyEntry>,
    aspa_filters: Option<Vec<AspaFilter>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Assertions {
    #[serde(default)]
    prefix_assertions: Vec<PrefixAssertion>,
    #[serde(default, rename = "bgpsecAssertions")]
    _bgpsec_assertions: Vec<KeyEntry>,
    aspa_assertions: Option<Vec<AspaAssertion>>,
}

/// A router key, added or filtered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    #[serde(rename = "asn")]
    _asn: Option<u32>,
    #[serde(rename = "SKI")]
    _ski: Option<IgnoredAny>,
    #[serde(rename = "routerPublicKey")]
    _key: Option<IgnoredAny>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

impl File {
    fn into_slurm(self) -> Result<Slurm, SlurmError> {
        let (filters, assertions) = (self.validation_output_filters, self.locally_added_assertions);
        match self.slurm_version {
            1 if filters.aspa_filters.is_some() => {
                return Err(SlurmError::NeedsVersion2("aspaFilters"));
            }
            1 if assertions.aspa_assertions.is_some() => {
                return Err(SlurmError::NeedsVersion2("aspaAssertions"));
            }
            1 | 2 => {}
            other => return Err(SlurmError::Version(other)),
        }
        let mut slurm = Slurm::default();
        for (entry, filter) in filters.prefix_filters.iter().enumerate() {
            let filter = PrefixFilter::new(filter.prefix.map(prefix), filter.asn.map(asn));
            slurm.filters.push(filter.ok_or(SlurmError::EmptyFilter(entry + 1))?);
        }
        for (entry, assertion) in assertions.prefix_assertions.iter().enumerate() {
            let named = |error| SlurmError::MaxLength { entry: entry + 1, error };
            slurm.assertions.push(vrp(assertion).map_err(named)?);
        }
        for (entry, filter) in filters.aspa_filters.iter().flatten().enumerate() {
            let customer = filter.customer_asn.map(asn);
            slurm.aspa_filters.insert(customer.ok_or(SlurmError::EmptyAspaFilter(entry + 1))?);
        }
        let added = assertions.aspa_assertions.iter().flatten();
        let aspa = |aspa: &AspaAssertion| {
            (asn(aspa.customer_asn), aspa.provider_asns.iter().map(asn).collect())
        };
        slurm.aspa_assertions = added.map(aspa).collect();
        Ok(slurm)
    }
}

fn asn(asn: rpki::resources::Asn) -> Asn {
    asn.into_u32().into()
}

fn prefix(prefix: rpki::resources::addr::Prefix) -> Prefix {
    let (family, bits) = match prefix.addr() {
        IpAddr::V4(address) => (Family::Ipv4, u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) => (Family::Ipv6, address.to_bits()),
    };
    Prefix::from_bits(family, bits, prefix.len())
}

fn vrp(assertion: &PrefixAssertion) -> Result<Vrp, VrpError> {
    let place = assertion.prefix;
    Vrp::new(prefix(place.prefix()), place.resolved_max_len(), asn(assertion.asn))
}

#[cfg(test)]
mod tests;

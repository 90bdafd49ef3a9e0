use std::collections::BTreeSet;

use bgp::{Asn, Prefix};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{RpkiSnapshot, Vrp, VrpTable};

/// Local exceptions to RPKI (RFC 8416; version 2 with ASPA, draft-ietf-sidrops-aspa-slurm): what
/// to take out of the snapshot and what to add to it.
///
/// Router keys are checked for their shape and otherwise left alone, since nothing here uses them.
/// Read with structs of our own and not with the `rpki` crate's, which brings a cryptographic
/// library into a crate that computes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slurm {
    filters: Vec<PrefixFilter>,
    assertions: Vec<Vrp>,
    aspa_filters: BTreeSet<Asn>,
    aspa_assertions: Vec<(Asn, Vec<Asn>)>,
}

/// Takes out the VRPs that fit all it says; it says at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PrefixFilter {
    prefix: Option<Prefix>,
    asn: Option<Asn>,
}

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
    /// The max length does not fit the prefix.
    #[error("prefixAssertions, entry {entry}: {error}")]
    MaxLength {
        /// From 1.
        entry: usize,
        /// What is wrong.
        error: crate::VrpError,
    },
}

/// Two files that say something about the same space, so that their order would matter
/// (RFC 8416 section 4.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} contradict: {what}")]
pub struct SlurmConflict {
    first: String,
    second: String,
    what: String,
}

impl Slurm {
    /// Reads one file, strictly: a key that is not in the RFC is an error, since a misspelt
    /// exception would be one that is silently not made. Lists may be missing, as they often are.
    pub fn parse(bytes: &[u8]) -> Result<Self, SlurmError> {
        let file: File = serde_json::from_slice(bytes).map_err(|error| syntax(&error))?;
        file.into_slurm()
    }

    /// Puts named files together; refused if two of them speak of the same address or customer.
    pub fn combine(files: Vec<(String, Slurm)>) -> Result<Self, SlurmConflict> {
        for (at, (second, slurm)) in files.iter().enumerate() {
            for (first, earlier) in files.iter().take(at) {
                if let Some(what) = earlier.overlap(slurm) {
                    let (first, second) = (first.clone(), second.clone());
                    return Err(SlurmConflict { first, second, what });
                }
            }
        }
        let mut all = Slurm::default();
        for (_, slurm) in files {
            all.filters.extend(slurm.filters);
            all.assertions.extend(slurm.assertions);
            all.aspa_filters.extend(slurm.aspa_filters);
            all.aspa_assertions.extend(slurm.aspa_assertions);
        }
        Ok(all)
    }

    /// The snapshot with these exceptions made: first the filters, then the assertions, which no
    /// filter touches (RFC 8416 section 4.1). What is added never expires.
    pub fn apply(&self, snapshot: &RpkiSnapshot) -> RpkiSnapshot {
        let kept = snapshot.vrps.iter_expiry().filter(|(vrp, _)| !self.filters_out(vrp));
        let added = self.assertions.iter().map(|vrp| (*vrp, None));
        let mut aspas = snapshot.aspas.clone();
        for customer in &self.aspa_filters {
            aspas.remove(*customer);
        }
        for (customer, providers) in &self.aspa_assertions {
            aspas.add(*customer, providers.iter().copied());
        }
        RpkiSnapshot {
            vrps: VrpTable::with_expiry(kept.chain(added)),
            aspas,
            trust_anchors: snapshot.trust_anchors.clone(),
            router_keys: snapshot.router_keys,
            source: snapshot.source.clone(),
            generated: snapshot.generated,
            skipped: snapshot.skipped.clone(),
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Slurm::default()
    }

    /// The VRPs that it adds.
    pub fn assertions(&self) -> &[Vrp] {
        &self.assertions
    }

    fn filters_out(&self, vrp: &Vrp) -> bool {
        self.filters.iter().any(|filter| {
            filter.prefix.is_none_or(|prefix| prefix.covers(&vrp.prefix()))
                && filter.asn.is_none_or(|asn| asn == vrp.asn())
        })
    }

    /// What both speak of.
    fn overlap(&self, other: &Slurm) -> Option<String> {
        for mine in self.prefixes() {
            for theirs in other.prefixes() {
                if mine.covers(&theirs) || theirs.covers(&mine) {
                    return Some(format!("{mine} and {theirs}"));
                }
            }
        }
        let mut customers = self.customers();
        let both = customers.find(|mine| other.customers().any(|theirs| theirs == *mine))?;
        Some(format!("both have ASPAs of {both}"))
    }

    fn prefixes(&self) -> impl Iterator<Item = Prefix> + '_ {
        let filtered = self.filters.iter().filter_map(|filter| filter.prefix);
        filtered.chain(self.assertions.iter().map(Vrp::prefix))
    }

    fn customers(&self) -> impl Iterator<Item = Asn> + '_ {
        let asserted = self.aspa_assertions.iter().map(|(customer, _)| *customer);
        self.aspa_filters.iter().copied().chain(asserted)
    }
}

fn syntax(error: &serde_json::Error) -> SlurmError {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default().to_owned();
    SlurmError::Syntax { line: error.line(), column: error.column(), reason }
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
    prefix_filters: Vec<FilterEntry>,
    #[serde(default, rename = "bgpsecFilters")]
    _bgpsec_filters: Vec<KeyEntry>,
    aspa_filters: Option<Vec<AspaFilterEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Assertions {
    #[serde(default)]
    prefix_assertions: Vec<AssertionEntry>,
    #[serde(default, rename = "bgpsecAssertions")]
    _bgpsec_assertions: Vec<KeyEntry>,
    aspa_assertions: Option<Vec<AspaEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterEntry {
    prefix: Option<Prefix>,
    asn: Option<Asn>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssertionEntry {
    prefix: Prefix,
    asn: Asn,
    max_prefix_length: Option<u8>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

/// A router key, added or filtered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    #[serde(rename = "asn")]
    _asn: Option<Asn>,
    #[serde(rename = "SKI")]
    _ski: Option<IgnoredAny>,
    #[serde(rename = "routerPublicKey")]
    _key: Option<IgnoredAny>,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AspaFilterEntry {
    customer_asn: Asn,
    #[serde(rename = "comment")]
    _comment: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AspaEntry {
    customer_asn: Asn,
    provider_asns: Vec<Asn>,
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
        for (entry, FilterEntry { prefix, asn, .. }) in filters.prefix_filters.iter().enumerate() {
            if prefix.is_none() && asn.is_none() {
                return Err(SlurmError::EmptyFilter(entry + 1));
            }
            slurm.filters.push(PrefixFilter { prefix: *prefix, asn: *asn });
        }
        for (entry, assertion) in assertions.prefix_assertions.iter().enumerate() {
            let max_length = assertion.max_prefix_length.unwrap_or(assertion.prefix.length());
            let vrp = Vrp::new(assertion.prefix, max_length, assertion.asn);
            let named = |error| SlurmError::MaxLength { entry: entry + 1, error };
            slurm.assertions.push(vrp.map_err(named)?);
        }
        let filtered = filters.aspa_filters.unwrap_or_default();
        slurm.aspa_filters = filtered.iter().map(|entry| entry.customer_asn).collect();
        let added = assertions.aspa_assertions.unwrap_or_default().into_iter();
        slurm.aspa_assertions =
            added.map(|entry| (entry.customer_asn, entry.provider_asns)).collect();
        Ok(slurm)
    }
}

#[cfg(test)]
mod tests;

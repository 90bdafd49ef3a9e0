use std::collections::BTreeSet;

use bgp::{Asn, Prefix};

use crate::{RpkiSnapshot, Vrp, VrpTable};

/// Local exceptions to RPKI (RFC 8416; version 2 with ASPA, draft-ietf-sidrops-aspa-slurm): what
/// to take out of the snapshot and what to add to it.
///
/// Router keys are not in it, since nothing here uses them. How a file is read is not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slurm {
    /// Which VRPs are taken out: those that fit any of these.
    pub filters: Vec<PrefixFilter>,
    /// Which VRPs are added.
    pub assertions: Vec<Vrp>,
    /// The customers whose ASPAs are taken out.
    pub aspa_filters: BTreeSet<Asn>,
    /// Which ASPAs are added: a customer and its providers.
    pub aspa_assertions: Vec<(Asn, Vec<Asn>)>,
}

/// Takes out the VRPs that fit all it says; it says at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixFilter {
    prefix: Option<Prefix>,
    asn: Option<Asn>,
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

impl PrefixFilter {
    /// None if it says nothing: it would take out everything.
    pub fn new(prefix: Option<Prefix>, asn: Option<Asn>) -> Option<Self> {
        (prefix.is_some() || asn.is_some()).then_some(PrefixFilter { prefix, asn })
    }

    fn takes_out(&self, vrp: &Vrp) -> bool {
        self.prefix.is_none_or(|prefix| prefix.covers(&vrp.prefix()))
            && self.asn.is_none_or(|asn| asn == vrp.asn())
    }
}

impl Slurm {
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

    fn filters_out(&self, vrp: &Vrp) -> bool {
        self.filters.iter().any(|filter| filter.takes_out(vrp))
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

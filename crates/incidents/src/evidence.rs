//! Who saw an incident: of many sights the first and the last ones.

use std::collections::VecDeque;
use std::net::IpAddr;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Country;

/// First and last sights that are kept: enough to show who let it in and how it ended.
const EVIDENCE_EACH: usize = 8;

/// One vantage point that began to hold the route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the collector or router saw it.
    pub at: Timestamp,
    /// Who tells us; empty if the source does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collector: String,
    /// The vantage point's address.
    pub peer_ip: IpAddr,
    /// The vantage point's AS.
    pub peer_asn: Asn,
    /// Its country, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// What was announced.
    pub prefix: Prefix,
    /// The AS_PATH as `bgpdump` shows it.
    pub as_path: String,
}

/// The first sights and the last ones.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct EvidenceLog {
    first: Vec<Evidence>,
    last: VecDeque<Evidence>,
    pub(crate) count: usize,
}

impl EvidenceLog {
    /// Counts a sight, and keeps it while it is among the last ones.
    pub(crate) fn push(&mut self, evidence: Evidence) {
        // One route may break the rules of several watches.
        if self.last.back().or(self.first.last()) == Some(&evidence) {
            return;
        }
        self.count += 1;
        if self.first.len() < EVIDENCE_EACH {
            self.first.push(evidence);
            return;
        }
        if self.last.len() == EVIDENCE_EACH {
            self.last.pop_front();
        }
        self.last.push_back(evidence);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Evidence> {
        self.first.iter().chain(&self.last)
    }
}

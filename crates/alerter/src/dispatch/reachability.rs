use std::collections::BTreeMap;
use std::net::IpAddr;

use bgp::Prefix;
use serde::{Deserialize, Serialize};
use validator::Severity;

use super::alert_state::AlertState;
use crate::dispatch_note::DispatchNote;
use crate::receiver::Receiver;
use incidents::{IncidentId, Incidents, pairs};

/// Which receivers an open incident may cut off.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Reachability {
    /// What each of them depends on.
    #[serde(with = "pairs")]
    addresses: BTreeMap<Receiver, Vec<IpAddr>>,
    /// Which of them lie inside what which open incidents are about.
    #[serde(with = "pairs")]
    endangered: BTreeMap<Receiver, BTreeMap<IncidentId, Prefix>>,
}

impl Reachability {
    /// The addresses of a receiver, of which nothing is known in danger until it is reviewed.
    pub(super) fn set_addresses(&mut self, receiver: Receiver, addresses: Vec<IpAddr>) {
        self.endangered.remove(&receiver);
        self.addresses.insert(receiver, addresses);
    }

    pub(super) fn addresses(&self, receiver: &Receiver) -> &[IpAddr] {
        self.addresses.get(receiver).map_or(&[], Vec::as_slice)
    }

    /// Whether an incident is about an address that a receiver depends on.
    pub(super) fn review(&mut self, id: &IncidentId, alert: &AlertState, incidents: &Incidents) {
        let notice = &alert.latest;
        let harmful = !alert.is_over() && notice.severity >= Severity::Warning;
        for (receiver, addresses) in &self.addresses {
            let listed = notice.prefixes.iter().map(|affected| affected.announced);
            let mut listed = listed.filter(|prefix| addresses.iter().any(|a| prefix.contains(*a)));
            let unlisted = || {
                let all = notice.prefixes.len() == notice.prefix_count;
                addresses.iter().filter(|_| !all).find_map(|a| incidents.view().covering(id, *a))
            };
            let covering = if harmful { listed.next().or_else(unlisted) } else { None };
            let known = self.endangered.entry(receiver.clone()).or_default();
            match covering {
                Some(prefix) => known.insert(id.clone(), prefix),
                None => known.remove(id),
            };
        }
    }

    /// Why a receiver may not be reached.
    pub(super) fn note(&self, receiver: &Receiver) -> Option<DispatchNote> {
        let (incident, prefix) = self.endangered.get(receiver)?.iter().next()?;
        let (receiver, incident, prefix) = (receiver.clone(), incident.clone(), *prefix);
        Some(DispatchNote::Endangered { receiver, prefix, incident })
    }
}

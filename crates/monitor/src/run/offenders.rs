//! The offenders of open incidents, for the feeds that can ask what else they announce.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use bgp::Asn;
use incidents::IncidentSummary;
use tokio::sync::watch;

/// Of how many offenders everything is asked for: a mass event has one, and many at a time would bring
/// the whole stream after all.
const ASKED_FOR: usize = 10;

/// Publishes the offenders of the incidents that were seen last, without the operator's own ASes.
#[derive(Debug)]
pub(super) struct OpenOffenders {
    own_asns: Vec<Asn>,
    offenders: watch::Sender<BTreeSet<Asn>>,
}

impl OpenOffenders {
    /// They are sent to whoever listens on `offenders`.
    pub(super) fn new(own_asns: &[Asn], offenders: watch::Sender<BTreeSet<Asn>>) -> Self {
        OpenOffenders { own_asns: own_asns.to_vec(), offenders }
    }

    /// Publishes those of these incidents, if they are others than before.
    pub(super) fn publish(&self, open: &[IncidentSummary]) {
        let mut open: Vec<_> = open.iter().collect();
        open.sort_by_key(|incident| Reverse(incident.last_seen));
        let offenders = open.iter().flat_map(|incident| &incident.offenders);
        let others = offenders.map(|party| party.asn).filter(|asn| !self.own_asns.contains(asn));
        let offenders: BTreeSet<_> = others.take(ASKED_FOR).collect();
        self.offenders.send_if_modified(|known| {
            let changed = *known != offenders;
            *known = offenders;
            changed
        });
    }
}

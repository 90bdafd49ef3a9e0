//! The offenders of incidents, for the feeds that can ask what else they announce: before the first
//! notice goes out, so that it can say whether they aim at us.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Timestamp};
use incidents::{IncidentSummary, State};
use tokio::sync::watch;

/// Of how many offenders everything is asked for: a mass event has one, and many at a time would bring
/// the whole stream after all.
const ASKED_FOR: usize = 10;

/// Publishes the offenders of the incidents that were seen last, the open ones first, without the operator's own
/// ASes.
#[derive(Debug)]
pub(super) struct OpenOffenders {
    own_asns: Vec<Asn>,
    offenders: watch::Sender<BTreeSet<Asn>>,
    /// Since when the feeds tell what they announce.
    told: BTreeMap<Asn, Timestamp>,
}

impl OpenOffenders {
    /// They are sent to whoever listens on `offenders`.
    pub(super) fn new(own_asns: &[Asn], offenders: watch::Sender<BTreeSet<Asn>>) -> Self {
        OpenOffenders { own_asns: own_asns.to_vec(), offenders, told: BTreeMap::new() }
    }

    /// Since when the feeds tell what these ASes announce, which they were asked for.
    pub(super) fn told(
        &mut self,
        now: Timestamp,
        asked: &BTreeSet<Asn>,
    ) -> BTreeMap<Asn, Timestamp> {
        self.told.retain(|asn, _| asked.contains(asn));
        for asn in asked {
            self.told.entry(*asn).or_insert(now);
        }
        self.told.clone()
    }

    /// Publishes those of these incidents, if they are others than before; how many of these are open.
    pub(super) fn publish(&self, incidents: &[IncidentSummary]) -> usize {
        let is_open =
            |incident: &IncidentSummary| matches!(incident.state, State::Open | State::Clearing);
        let is_over = |incident: &&IncidentSummary| incident.state == State::Resolved;
        let mut current: Vec<_> = incidents.iter().filter(|one| !is_over(one)).collect();
        current.sort_by_key(|incident| Reverse((is_open(incident), incident.last_seen)));
        let offenders = current.iter().flat_map(|incident| &incident.offenders);
        let others = offenders.map(|party| party.asn).filter(|asn| !self.own_asns.contains(asn));
        let offenders: BTreeSet<_> = others.take(ASKED_FOR).collect();
        self.offenders.send_if_modified(|known| {
            let changed = *known != offenders;
            *known = offenders;
            changed
        });
        incidents.iter().filter(|incident| is_open(incident)).count()
    }
}

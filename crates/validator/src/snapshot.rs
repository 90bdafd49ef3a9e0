use std::collections::BTreeMap;

use bgp::Timestamp;

use crate::{AspaTable, VrpTable};

/// What RPKI said at one moment. Immutable, shared by `Arc`, swapped whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpkiSnapshot {
    /// The VRPs.
    pub vrps: VrpTable,
    /// The ASPAs.
    pub aspas: AspaTable,
    /// How many VRPs each trust anchor stands behind, as the source counts them (duplicates
    /// too). VRPs without one are not counted here.
    pub trust_anchors: BTreeMap<String, usize>,
    /// How many BGPsec router keys the source listed; they are of no use to us.
    pub router_keys: usize,
    /// Where it came from, for people.
    pub source: String,
    /// When the validator made it, where the source says so.
    pub generated: Option<Timestamp>,
    /// What could not be used.
    pub skipped: Skipped,
}

/// Entries of a source that were left out because they say nothing that can be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// How many.
    pub count: usize,
    /// Why, of the first few: one line each.
    pub reasons: Vec<String>,
}

impl RpkiSnapshot {
    /// A snapshot of nothing but VRPs.
    pub fn of(vrps: VrpTable) -> Self {
        RpkiSnapshot { vrps, ..Self::default() }
    }

    /// The same with its origin told.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// When the first VRP that tells its expiry ends; none if none does.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.vrps.iter_expiry().filter_map(|(_, expires)| expires).min()
    }

    /// Without the VRPs that have ended by `now`.
    #[must_use]
    pub fn unexpired(&self, now: Timestamp) -> Self {
        let alive = |expires: Option<Timestamp>| expires.is_none_or(|at| at > now);
        let vrps = self.vrps.iter_expiry().filter(|(_, expires)| alive(*expires));
        RpkiSnapshot {
            vrps: VrpTable::with_expiry(vrps),
            aspas: self.aspas.clone(),
            trust_anchors: self.trust_anchors.clone(),
            router_keys: self.router_keys,
            source: self.source.clone(),
            generated: self.generated,
            skipped: self.skipped.clone(),
        }
    }
}

impl Skipped {
    /// How many reasons are kept: enough to see a pattern, few enough for a log line each.
    const KEPT: usize = 5;

    /// Counts one.
    pub fn add(&mut self, reason: impl FnOnce() -> String) {
        self.count += 1;
        if self.reasons.len() < Self::KEPT {
            self.reasons.push(reason());
        }
    }
}

#[cfg(test)]
mod tests {
    use bgp::Asn;

    use super::*;
    use crate::Vrp;

    #[test]
    fn a_vrp_ends_at_its_expiry_and_one_without_never() {
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        let vrp = |asn| Vrp::new("192.0.2.0/24".parse().unwrap(), 24, Asn::new(asn)).unwrap();
        let vrps = VrpTable::with_expiry([(vrp(1), at(10)), (vrp(2), at(11)), (vrp(3), None)]);
        let snapshot = RpkiSnapshot::of(vrps).with_source("a file");
        let left = |now| {
            let now = Timestamp::from_seconds(now);
            snapshot.unexpired(now).vrps.iter().map(|vrp| vrp.asn().number()).collect::<Vec<_>>()
        };
        assert_eq!((left(9), left(10), left(99)), (vec![1, 2, 3], vec![2, 3], vec![3]));
        assert_eq!(snapshot.next_expiry(), at(10));
        assert_eq!(snapshot.unexpired(Timestamp::from_seconds(99)).next_expiry(), None);
        assert_eq!(snapshot.unexpired(Timestamp::from_seconds(9)), snapshot);
    }
}

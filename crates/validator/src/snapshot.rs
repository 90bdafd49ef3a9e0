use std::collections::BTreeMap;
use std::fmt;

use bgp::{Prefix, RouteOrigin, Timestamp};

use crate::{AspaTable, OriginValidation, VrpTable};

/// What RPKI said at one moment. Immutable, shared by `Arc`, swapped whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpkiSnapshot {
    /// What origin validation asks (RFC 6811).
    pub vrps: VrpTable,
    /// What path verification asks.
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
    /// How many entries were left out.
    pub count: usize,
    /// Why, of the first few: one line each.
    pub reasons: Vec<String>,
}

/// How much of a snapshot has ended, and is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// How many VRPs have ended.
    pub vrps: usize,
    /// Customers with an ASPA that has ended.
    pub aspas: usize,
}

impl Expired {
    /// Whether nothing has ended.
    pub fn is_nothing(self) -> bool {
        self == Expired::default()
    }
}

impl fmt::Display for Expired {
    /// `3 VRPs and 1 ASPA have expired and are left out`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            _ => Some(format!("{count} {what}s")),
        };
        let parts = [count(self.vrps, "VRP"), count(self.aspas, "ASPA")];
        let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let (have, are) = if self.vrps + self.aspas == 1 { ("has", "is") } else { ("have", "are") };
        write!(f, "{parts} {have} expired and {are} left out")
    }
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

    /// Whether there is anything to validate with. RPKI never says nothing: a set without VRPs means
    /// that its source is broken or has not begun, and then a verdict on it is *unknown*, not not-found.
    pub fn has_data(&self) -> bool {
        !self.vrps.is_empty()
    }

    /// Origin validation of a route, with the VRPs that decide it, or that there is nothing to ask.
    pub fn validate(&self, prefix: Prefix, origin: &RouteOrigin) -> OriginValidation {
        OriginValidation { unknown: !self.has_data(), ..self.vrps.validate(prefix, origin) }
    }

    /// When the first VRP or ASPA that tells its expiry ends; none if none does.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let vrps = self.vrps.iter_expiry().filter_map(|(_, expires)| expires).min();
        [vrps, self.aspas.next_expiry()].into_iter().flatten().min()
    }

    /// When the last VRP ends; none if one of them does not tell its expiry.
    pub fn last_expiry(&self) -> Option<Timestamp> {
        let mut last = None;
        for (_, expires) in self.vrps.iter_expiry() {
            last = last.max(Some(expires?));
        }
        last
    }

    /// How much of it has ended by `now`.
    pub fn expired(&self, now: Timestamp) -> Expired {
        let ended = |(_, expires): &(_, Option<Timestamp>)| expires.is_some_and(|at| at <= now);
        let vrps = self.vrps.iter_expiry().filter(ended).count();
        Expired { vrps, aspas: self.aspas.expired(now) }
    }

    /// Without the VRPs and the ASPAs that have ended by `now`.
    #[must_use]
    pub fn unexpired(&self, now: Timestamp) -> Self {
        let alive = |expires: Option<Timestamp>| expires.is_none_or(|at| at > now);
        let vrps = self.vrps.iter_expiry().filter(|(_, expires)| alive(*expires));
        RpkiSnapshot {
            vrps: VrpTable::with_expiry(vrps),
            aspas: self.aspas.unexpired(now),
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

    /// Counts an entry that was left out; the reason is made only while there is room for it.
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
        let mut snapshot = snapshot;
        snapshot.aspas.add_until(Asn::new(1), [Asn::new(2)], at(9));
        assert_eq!(snapshot.next_expiry(), at(9));
        let expired = snapshot.expired(Timestamp::from_seconds(11));
        assert_eq!(expired.to_string(), "2 VRPs and 1 ASPA have expired and are left out");
        assert!(snapshot.expired(Timestamp::from_seconds(8)).is_nothing());
        assert_eq!(snapshot.unexpired(Timestamp::from_seconds(9)).aspas, AspaTable::default());
    }
}

use std::collections::BTreeSet;

use bgp::{Asn, Prefix};
use serde::Serialize;

use crate::{Announcement, OriginValidation, RpkiSnapshot, ValidationState, Vrp, WatchList};

/// How well our ROAs fit what we announce.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoaReport {
    /// Each of our routes with its verdict, in order.
    pub routes: Vec<Coverage>,
    /// VRPs of our ASes that allow more than we announce.
    pub exposures: Vec<Exposure>,
    /// The minimal VRPs (RFC 9319 section 5: no max length) that make valid what is not.
    pub missing: Vec<Vrp>,
    /// VRPs of our ASes that none of our routes needs.
    pub unused: Vec<Vrp>,
}

/// One of our routes with its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The route, as it is or could be announced.
    #[serde(flatten)]
    pub announcement: Announcement,
    /// What origin validation says of it.
    pub rov: OriginValidation,
}

/// What somebody who forges our AS as the origin could announce as RPKI-valid, with nobody
/// announcing the same to compete (RFC 9319 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// The VRP that allows it.
    pub vrp: Vrp,
    /// How many prefixes it allows that we do not announce; at most what `u64` holds.
    pub open: u64,
    /// The first of them, the shortest.
    pub example: Prefix,
}

impl RoaReport {
    /// The report on these routes. *Ours* are the operator's ASes and the origins of the routes.
    pub fn new(
        snapshot: &RpkiSnapshot,
        watches: &WatchList,
        announcements: impl IntoIterator<Item = Announcement>,
    ) -> Self {
        let announced: BTreeSet<Announcement> = announcements.into_iter().collect();
        let mut ours: BTreeSet<Asn> = watches.operator_asns().iter().copied().collect();
        ours.extend(announced.iter().map(|route| route.origin));
        ours.remove(&Asn::ZERO);
        let mut report = RoaReport::default();
        for route in &announced {
            let rov = route.validate(snapshot);
            if rov.state() != ValidationState::Valid && route.origin != Asn::ZERO {
                report.missing.extend(Vrp::new(route.prefix, route.prefix.length(), route.origin));
            }
            report.routes.push(Coverage { announcement: *route, rov });
        }
        for vrp in snapshot.vrps.iter().filter(|vrp| ours.contains(&vrp.asn())) {
            let used = |route: &Announcement| allows(&vrp, route);
            let used = announced.iter().copied().filter(used).collect::<BTreeSet<_>>();
            if used.is_empty() {
                report.unused.push(vrp);
            }
            report.exposures.extend(Exposure::of(vrp, &used));
        }
        report
    }
}

impl Exposure {
    /// What the VRP leaves open beside the routes that it allows; none if nothing.
    fn of(vrp: Vrp, used: &BTreeSet<Announcement>) -> Option<Self> {
        // One prefix of the VRP's own length, two of the next, four of the one after.
        let lengths = u32::from(vrp.max_length() - vrp.prefix().length()) + 1;
        let allowed = 1u128.checked_shl(lengths).map_or(u128::MAX, |double| double - 1);
        let open = allowed.saturating_sub(used.len() as u128);
        let example = first_open(&vrp, used)?;
        Some(Exposure { vrp, open: u64::try_from(open).unwrap_or(u64::MAX), example })
    }
}

fn allows(vrp: &Vrp, route: &Announcement) -> bool {
    vrp.asn() == route.origin
        && vrp.prefix().covers(&route.prefix)
        && route.prefix.length() <= vrp.max_length()
}

/// The shortest prefix that is allowed and not announced. Looks at one more than there are
/// announced, whatever the VRP allows.
fn first_open(vrp: &Vrp, used: &BTreeSet<Announcement>) -> Option<Prefix> {
    let mut level = vec![vrp.prefix()];
    while let Some(first) = level.first() {
        if first.length() > vrp.max_length() {
            return None;
        }
        let announced =
            |prefix: &Prefix| used.contains(&Announcement { prefix: *prefix, origin: vrp.asn() });
        if let Some(open) = level.iter().find(|prefix| !announced(prefix)) {
            return Some(*open);
        }
        level = level.iter().filter_map(Prefix::halves).flatten().collect();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VrpTable;

    fn vrp(place: &str, max: u8, asn: u32) -> Vrp {
        Vrp::new(place.parse().unwrap(), max, Asn::new(asn)).unwrap()
    }

    #[test]
    fn coverage_exposure_and_the_roas_to_create() {
        let vrps = [
            vrp("198.18.0.0/21", 22, 64500),
            vrp("198.18.8.0/21", 21, 64500),
            vrp("192.0.2.0/24", 25, 64500),
            vrp("2001:db8::/32", 128, 64500),
            vrp("203.0.113.0/24", 32, 64999),
        ];
        let snapshot = RpkiSnapshot::of(VrpTable::new(vrps));
        let watches = WatchList::new([], [Asn::new(64500)]).unwrap();
        let route = |place: &str, asn| Announcement {
            prefix: place.parse().unwrap(),
            origin: Asn::new(asn),
        };
        let routes = [
            route("198.18.0.0/21", 64500),
            route("198.18.0.0/22", 64500),
            route("198.18.4.0/22", 64500),
            route("198.18.8.0/21", 64501),
            route("203.0.114.0/24", 64500),
            route("2001:db8::/32", 64500),
        ];
        let report = RoaReport::new(&snapshot, &watches, routes);
        let states: Vec<_> = report.routes.iter().map(|route| route.rov.state()).collect();
        use ValidationState::{Invalid, NotFound, Valid};
        assert_eq!(states, [Valid, Valid, Valid, Invalid, NotFound, Valid]);
        let missing = [vrp("198.18.8.0/21", 21, 64501), vrp("203.0.114.0/24", 24, 64500)];
        assert_eq!(report.missing, missing);
        assert_eq!(report.unused, [vrps[2], vrps[1]]);
        // The first VRP allows three prefixes and all three are announced: nothing is open.
        let exposure =
            |vrp, open, example: &str| Exposure { vrp, open, example: example.parse().unwrap() };
        let expected = [
            exposure(vrps[2], 3, "192.0.2.0/24"),
            exposure(vrps[1], 1, "198.18.8.0/21"),
            exposure(vrps[3], u64::MAX, "2001:db8::/33"),
        ];
        assert_eq!(report.exposures, expected);
    }
}

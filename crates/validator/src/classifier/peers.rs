//! What other monitors expect of their own tests, against what this classifier says: the vectors are those of ARTEMIS
//! (FORTH-ICS-INSPIRE/artemis: `backend/testing`, `tester`, `testing/detection`) and of BGPalerter (nttgin/BGPalerter:
//! `tests/2_alerting.js` and `tests/neighbor_tests` with `src/connectors/connectorTest.js`), with their numbers.

use bgp::{AsPath, View};

use super::*;
use crate::{Vrp, VrpTable};

/// What is expected of a route: what kind it is, and the AS at fault where that is not the origin.
type Expected = (Option<IncidentKind>, Option<u32>);

/// A test of a peer: where it stands, what is announced, on which path.
type Vector<'a> = (&'a str, &'a str, &'a str, Expected);

const fn kind(kind: IncidentKind) -> Expected {
    (Some(kind), None)
}

const fn first_hop(asn: u32) -> Expected {
    (Some(IncidentKind::FirstHop), Some(asn))
}

const FINE: Expected = (None, None);
const EXACT: Expected = kind(IncidentKind::OriginHijack);
const SUB: Expected = kind(IncidentKind::SubPrefixHijack);
const SQUATTING: Expected = kind(IncidentKind::Squatting);
const MORE_SPECIFIC: Expected = kind(IncidentKind::NewMoreSpecific);
const NEW_PREFIX: Expected = kind(IncidentKind::OwnAsNewPrefix);

fn watch(text: &str, origins: &[u32], upstreams: &[u32]) -> Watch {
    let prefix: Prefix = text.parse().unwrap();
    let asns = |asns: &[u32]| asns.iter().copied().map(Asn::new).collect::<Vec<_>>();
    let plain = Watch::new(prefix, Origins::Only(asns(origins)), prefix.length());
    Watch { upstreams: Some(asns(upstreams)).filter(|list| !list.is_empty()), ..plain }
}

#[track_caller]
fn check(watches: Vec<Watch>, own: &[u32], vrps: &[Vrp], vectors: &[Vector<'_>]) {
    let list = WatchList::new(watches, own.iter().copied().map(Asn::new)).unwrap();
    let snapshot = RpkiSnapshot::of(VrpTable::new(vrps.iter().copied()));
    let classifier = Classifier::new(list.into(), snapshot.into());
    for (source, prefix, path, expected) in vectors {
        let path: AsPath = path.parse().unwrap();
        let (asn, view) = (path.asns().next().unwrap(), View::AdjRibInPre);
        let address = "192.0.2.1".parse().unwrap();
        let vantage = Vantage { collector: "rrc00".into(), address, asn, view, vrf: None };
        let route = Arc::new(Route { path, ..Route::default() });
        let held = classifier.judge(prefix.parse().unwrap(), &route, &vantage);
        let found = held.matches.first();
        let kind = found.and_then(|found| found.kind);
        let culprit = found.and_then(|found| found.culprit).map(Asn::number);
        assert_eq!((kind, culprit), *expected, "{source}: {prefix} by {:?}", route.path);
    }
}

/// The config of its tests: the ranges of RFC 2622 are prefixes with a longest more-specific, ranges of ASes are written out, and
/// the AS-set of a route server's peers is what it expands to.
fn artemis() -> Vec<Watch> {
    let any = |text| Watch { origins: Origins::Any, ..watch(text, &[], &[]) };
    let up_to = |max_length, watch| Watch { max_length, ..watch };
    let origins: Vec<u32> = (300..=310).collect();
    let neighbours: Vec<u32> = (320..=330).collect();
    let v6 = |text| watch(text, &[777, 888, 999], &[]);
    vec![
        watch("10.0.0.0/8", &[1], &[2]),
        Watch { announced: false, ..watch("10.0.0.0/16", &[], &[]) },
        any("10.0.1.0/24"),
        watch("10.0.2.0/24", &[242], &[]),
        watch("10.0.3.0/24", &[243], &[]),
        watch("10.0.4.0/24", &[244], &[]),
        watch("10.0.6.0/24", &origins, &neighbours),
        watch("10.0.30.0/24", &[6777], &[1, 42]),
        watch("10.0.40.0/24", &[1000], &[1001, 1002, 1003, 1004]),
        up_to(32, watch("10.10.0.0/23", &[444], &[])),
        up_to(32, watch("10.11.0.0/23", &[444], &[])),
        up_to(24, watch("10.12.0.0/16", &[444], &[])),
        up_to(24, watch("10.13.0.0/16", &[444], &[])),
        up_to(48, watch("2001:db8::/32", &[444], &[])),
        up_to(48, watch("2001:db9::/32", &[444], &[])),
        v6("2001:db8:abcd:10::/64"),
        v6("2001:db8:abcd:11::/64"),
        v6("2001:db8:abcd:12::/64"),
    ]
}

#[test]
fn of_artemis() {
    check(
        artemis(),
        &[],
        &[],
        &[
            ("messages 1", "10.0.0.0/8", "8 3 2 1 100", EXACT),
            ("messages 2", "10.0.0.0/8", "4 3 2 100 1", first_hop(100)),
            ("messages 3", "10.128.0.0/16", "4 3 2 100", SUB),
            ("messages 4, prepend_loops 1", "10.0.0.0/8", "4 3 2 101 101 101 101", EXACT),
            ("messages 5, prepend_loops 2", "10.0.0.0/8", "4 3 2 102 3 2 102", EXACT),
            ("messages 6, squatting_type0", "10.0.0.0/16", "4 3 2 100", SQUATTING),
            ("messages 7", "10.0.0.0/8", "7 6 5 100", EXACT),
            ("legit_updates 10", "10.0.1.0/24", "4 3 2 200", FINE),
            ("legit_updates 12", "10.0.2.0/24", "4 3 2 242", FINE),
            ("legit_updates 15", "10.0.3.0/24", "4 3 2 243", FINE),
            ("wildcard_checks 13", "10.0.2.0/25", "4 3 2 240", SUB),
            ("wildcard_checks 14", "10.0.2.0/24", "4 3 2 240", EXACT),
            ("wildcard_checks 16", "10.0.3.0/25", "4 3 2 240", SUB),
            ("wildcard_checks 17", "10.1.0.0/16", "4 3 2 100 1", first_hop(100)),
            // Type S|-|-|-: the right origin and neighbour, and too long.
            ("single_sub_unknown", "10.1.0.0/16", "4 3 2 1", MORE_SPECIFIC),
            ("withdrawn_complex 18", "10.0.4.0/24", "7 6 5 110", EXACT),
            ("as_range_tests 110", "10.0.6.0/24", "4 3 325 308", FINE),
            ("as_range_tests 112", "10.0.6.0/24", "4 3 330 300", FINE),
            ("as_range_tests 115", "10.0.6.0/24", "4 3 2 302", first_hop(2)),
            ("as_set", "10.0.30.0/24", "4 3 42 6777", FINE),
            ("multirule_prefix 1", "10.0.40.0/24", "4 3 1001 1000", FINE),
            ("multirule_prefix 2", "10.0.40.0/24", "4 3 1005 1000", first_hop(1005)),
            // What it finds of the second rule, a leak against no-export, is none of a watch.
            ("multirule_prefix 3", "10.0.40.0/24", "4 3 1003 1000", FINE),
            // Within a range it calls exact what is more specific here.
            ("rfc2622 27", "10.10.1.0/24", "4 3 2 200", SUB),
            ("rfc2622 28", "10.11.1.0/24", "5 3 2 201", SUB),
            ("rfc2622 29", "10.12.1.0/24", "6 3 2 202", SUB),
            ("rfc2622 30", "10.13.1.0/24", "7 3 2 203", SUB),
            ("rfc2622, by whom it is", "10.10.1.0/24", "4 3 2 444", FINE),
            ("rfc2622, out of range", "10.12.1.0/25", "4 3 2 444", MORE_SPECIFIC),
            ("rfc2622 of IPv6", "2001:db8:1::/48", "4 3 2 202", SUB),
            ("rfc2622 of IPv6, by whom it is", "2001:db9:1::/48", "4 3 2 444", FINE),
            ("test_ipv6_benign", "2001:db8:abcd:10::/64", "4 3 2 888", FINE),
            ("test_ipv6_exact", "2001:db8:abcd:11::/64", "4 3 2 100", EXACT),
            ("test_ipv6_sub", "2001:db8:abcd:12::/65", "4 3 2 100", SUB),
        ],
    );
}

/// The prefixes that its tests watch for hijacks and new prefixes, and the ASes that it watches as a whole.
fn bgpalerter() -> Vec<Watch> {
    vec![
        watch("165.254.225.0/24", &[15562], &[]),
        watch("165.254.255.0/24", &[15562], &[]),
        watch("2a00:5884::/32", &[204_092, 45], &[]),
        watch("2a0e:f40::/29", &[208_585], &[]),
        watch("175.254.205.0/24", &[1234], &[]),
        watch("2001:db8:123::/48", &[65000], &[]),
        watch("193.0.0.0/21", &[3334], &[]),
    ]
}

#[test]
fn of_bgpalerter() {
    let ripe = Vrp::new("193.0.0.0/21".parse().unwrap(), 21, Asn::new(3333)).unwrap();
    check(
        bgpalerter(),
        &[15562, 204_092, 45, 208_585, 1234, 2914],
        &[ripe],
        &[
            // It is silent of what RPKI calls valid (its issue 358); here that is a notice, see below.
            ("hijack 1", "193.0.0.0/21", "1 2 3 3333", EXACT),
            ("hijack 2", "175.254.205.0/25", "1 2 3 4321", SUB),
            // An AS_SET of which one member is ours.
            ("hijack 3", "165.254.255.0/25", "1 2 3 {4,15562}", SUB),
            ("hijack 4", "2a00:5884:ffff::/48", "1 2 3 208585", SUB),
            ("hijack 5", "2a00:5884::/32", "1 2 3 {204092,45}", FINE),
            ("hijack 6", "2a00:5884::/32", "1 2 3 {15563}", EXACT),
            ("hijack 7", "2a00:5884::/32", "1 2 3 204092", FINE),
            ("newprefix 1", "165.254.255.0/25", "1 2 3 15562", MORE_SPECIFIC),
            ("newprefix 2", "2a00:5884::/32", "1 2 3 {45}", FINE),
            ("newprefix 3", "2a00:5884:ffff::/48", "1 2 3 204092", MORE_SPECIFIC),
            ("newprefix 4", "2a0e:f40::/32", "1 2 3 204092", SUB),
            ("newprefix 6", "175.254.205.0/25", "1 2 3 1234", MORE_SPECIFIC),
            ("misconfiguration 1", "2.2.0.0/22", "1 2 3 4321 5060 2914", NEW_PREFIX),
            ("misconfiguration 2", "2001:db8:123::/48", "1 2 3 4321 65000", FINE),
            ("misconfiguration 3", "2001:db8:123::/49", "1 2 3 4321 65000", MORE_SPECIFIC),
            ("misconfiguration 5", "2001:db9:123::/49", "1 2 3 4321 5060 2914", NEW_PREFIX),
        ],
    );
    let valid = IncidentKind::OriginHijack.severity(ValidationState::Valid, false);
    assert_eq!(valid, crate::Severity::Notice);
}

/// `tests/neighbor_tests`: who stands in front of AS101, whose only upstream is AS100.
#[test]
fn of_bgpalerter_who_stands_next_to_us() {
    let watches = ["99.5.4.0/22", "9.5.4.0/22"].map(|text| watch(text, &[101], &[100]));
    check(
        watches.to_vec(),
        &[101],
        &[],
        &[
            ("101-30", "99.5.4.0/22", "98 99 30 101", first_hop(30)),
            ("as it should be", "9.5.4.0/22", "98 99 100 101", FINE),
            ("prepended", "9.5.4.0/22", "98 99 100 101 101 101", FINE),
        ],
    );
}

/// Its RPKI monitor: what our own announcements are worth.
#[test]
fn of_bgpalerter_what_rpki_says_of_our_own_routes() {
    let vrp = |text: &str, asn| {
        let prefix: Prefix = text.parse().unwrap();
        Vrp::new(prefix, prefix.length(), Asn::new(asn)).unwrap()
    };
    let required = |text, asn| Watch { roa_required: true, ..watch(text, &[asn], &[]) };
    check(
        vec![
            required("82.112.100.0/24", 2914),
            required("8.8.8.0/22", 2914),
            required("103.21.244.0/24", 13335),
        ],
        &[2914, 13335],
        &[vrp("82.112.100.0/24", 2914), vrp("103.21.244.0/23", 0)],
        &[
            ("rpki, valid", "82.112.100.0/24", "1 2 3 4321 2914", FINE),
            (
                "rpki, not covered",
                "8.8.8.0/22",
                "1 2 3 4321 5060 2914",
                kind(IncidentKind::RpkiUncovered),
            ),
            (
                "rpki, invalid by AS0",
                "103.21.244.0/24",
                "1 2 3 4321 13335",
                kind(IncidentKind::RpkiInvalid),
            ),
        ],
    );
    // Its external VRPs: the prefix is somebody else's there.
    check(
        vec![required("82.112.100.0/24", 2914)],
        &[2914],
        &[vrp("82.112.100.0/24", 1234)],
        &[(
            "rpki, of another AS",
            "82.112.100.0/24",
            "1 2 3 4321 2914",
            kind(IncidentKind::RpkiInvalid),
        )],
    );
}

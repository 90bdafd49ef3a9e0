use ipnet::IpNet;
use prefix_trie::joint::JointPrefixMap;
use proptest::prelude::*;

use super::*;

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// `192.0.2.0/24-25 64500`, or without the max length.
fn vrp(text: &str) -> Vrp {
    let (place, asn) = text.split_once(' ').unwrap();
    let (place, max) = place.split_once('-').unwrap_or((place, ""));
    let place = prefix(place);
    Vrp::new(place, max.parse().unwrap_or(place.length()), asn.parse().unwrap()).unwrap()
}

fn table(vrps: &[&str]) -> VrpTable {
    vrps.iter().copied().map(vrp).collect()
}

fn from(asn: u32) -> RouteOrigin {
    RouteOrigin::As(Asn::new(asn))
}

/// RFC 6811 section 2, word for word, over the whole list.
fn naive(vrps: &[Vrp], route: Prefix, origin: &RouteOrigin) -> OriginValidation {
    let mut verdict = OriginValidation::default();
    for vrp in vrps {
        let covered = vrp.prefix().covers(&route);
        let same_as = *origin == RouteOrigin::As(vrp.asn()) && vrp.asn() != Asn::ZERO;
        let matched = covered && same_as && route.length() <= vrp.max_length();
        match (covered, same_as, matched) {
            (false, ..) => {}
            (true, _, true) => verdict.matched.push(*vrp),
            (true, true, false) => verdict.unmatched_length.push(*vrp),
            (true, false, false) => verdict.unmatched_as.push(*vrp),
        }
    }
    verdict
}

fn sorted(mut verdict: OriginValidation) -> OriginValidation {
    for list in [&mut verdict.matched, &mut verdict.unmatched_as, &mut verdict.unmatched_length] {
        list.sort_unstable();
    }
    verdict
}

/// Few addresses and ASes, so that prefixes nest, repeat and miss by one.
fn any_prefix() -> impl Strategy<Value = Prefix> {
    let crowded = (any::<bool>(), 0..64u128, 0..=9u8, 0..=2u8);
    let crowded = crowded.prop_map(|(v6, bits, length, more)| {
        let family = if v6 { Family::Ipv6 } else { Family::Ipv4 };
        // Six leading bits and, sometimes, the last ones of the family.
        let tail = if more == 2 { family.max_length() - length } else { length };
        Prefix::from_bits(family, bits << 122 | bits << 96 | bits, tail)
    });
    let anywhere = (any::<bool>(), any::<u128>(), 0..=128u8).prop_map(|(v6, bits, length)| {
        Prefix::from_bits(if v6 { Family::Ipv6 } else { Family::Ipv4 }, bits, length)
    });
    prop_oneof![4 => crowded, 1 => anywhere]
}

fn any_vrp() -> impl Strategy<Value = Vrp> {
    (any_prefix(), 0..=128u8, 0..4u32).prop_map(|(prefix, more, asn)| {
        let max = prefix.length().saturating_add(more % 5).min(prefix.family().max_length());
        Vrp::new(prefix, max, Asn::new(asn)).unwrap()
    })
}

fn any_origin() -> impl Strategy<Value = RouteOrigin> {
    prop_oneof![
        6 => (0..4u32).prop_map(from),
        1 => Just(RouteOrigin::Set([Asn::new(1), Asn::new(2)].into())),
        1 => Just(RouteOrigin::None),
    ]
}

proptest! {
    #[test]
    fn agrees_with_the_naive_loop(
        mut vrps in prop::collection::vec(any_vrp(), 0..60),
        routes in prop::collection::vec((any_prefix(), any_origin()), 1..40),
    ) {
        let table = VrpTable::new(vrps.iter().copied());
        vrps.sort_unstable();
        vrps.dedup();
        prop_assert_eq!(table.iter().collect::<Vec<_>>(), vrps.clone());
        prop_assert_eq!(table.len(), vrps.len());
        let own = vrps.iter().map(|vrp| (vrp.prefix(), from(vrp.asn().number())));
        let mut near = Near::default();
        for (route, origin) in own.collect::<Vec<_>>().into_iter().chain(routes) {
            let expected = naive(&vrps, route, &origin);
            let found = table.validate(route, &origin);
            let lengths: Vec<u8> =
                table.covering(route).map(|vrp| vrp.prefix().length()).collect();
            prop_assert!(lengths.is_sorted_by(|a, b| a >= b), "most specific first");
            prop_assert_eq!(sorted(found), expected.clone(), "{} {}", route, origin);
            prop_assert_eq!(table.state(route, &origin), expected.state());
            prop_assert_eq!(table.state_near(route, &origin, &mut near), expected.state());
            let inside: Vec<Vrp> =
                vrps.iter().copied().filter(|vrp| route.covers(&vrp.prefix())).collect();
            prop_assert_eq!(table.covered_by(route).collect::<Vec<_>>(), inside);
        }
    }

    #[test]
    fn agrees_with_prefix_trie(
        vrps in prop::collection::vec(any_vrp(), 0..200),
        routes in prop::collection::vec(any_prefix(), 1..60),
    ) {
        let table = VrpTable::new(vrps.iter().copied());
        let mut trie = JointPrefixMap::<IpNet, Vec<Vrp>>::new();
        for vrp in table.iter() {
            trie.entry(vrp.prefix().net()).or_default().push(vrp);
        }
        for route in routes {
            let mut expected: Vec<Vrp> =
                trie.cover(&route.net()).flat_map(|(_, vrps)| vrps.clone()).collect();
            let mut found: Vec<Vrp> = table.covering(route).collect();
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}

/// RFC 6811 section 2: each state, and each way to it, by the words of the section.
#[test]
fn states_of_rfc_6811_section_2() {
    use ValidationState::{Invalid, NotFound, Valid};
    let table = table(&[
        "10.0.0.0/16-20 64500",
        "10.0.0.0/20 64501",
        "10.0.0.0/8 64502",
        "2001:db8::/32-48 64500",
    ]);
    let rows = [
        ("matched: equal prefix, same AS", "10.0.0.0/16", 64500, Valid),
        ("matched: longer, within the max length", "10.0.16.0/20", 64500, Valid),
        ("covered: longer than the max length", "10.0.16.0/21", 64500, Invalid),
        ("covered: another AS", "10.0.16.0/20", 64503, Invalid),
        ("matched by one of several", "10.0.0.0/20", 64501, Valid),
        ("matched by a less specific VRP only", "10.0.0.0/8", 64502, Valid),
        ("too long for every VRP of its AS", "10.0.0.0/21", 64501, Invalid),
        ("not covered: shorter than every VRP", "10.0.0.0/7", 64502, NotFound),
        ("not covered: elsewhere", "11.0.0.0/16", 64500, NotFound),
        ("not covered: other family", "::/0", 64500, NotFound),
        ("IPv6 matched", "2001:db8:1::/48", 64500, Valid),
        ("IPv6 covered", "2001:db8:1::/49", 64500, Invalid),
        ("IPv6 not covered", "2001:db9::/48", 64500, NotFound),
    ];
    for (rule, route, asn, state) in rows {
        assert_eq!(table.state(prefix(route), &from(asn)), state, "{rule}");
        assert_eq!(table.validate(prefix(route), &from(asn)).state(), state, "{rule}");
    }
}

#[test]
fn a_sub_prefix_hijack_beyond_the_max_length_is_covered() {
    // The mistake that others make: they ask the max length before they say "covered", and so
    // call this not found.
    let table = table(&["198.18.0.0/21 64500"]);
    let verdict = table.validate(prefix("198.18.1.0/24"), &from(4761));
    let expected =
        OriginValidation { unmatched_as: vec![vrp("198.18.0.0/21 64500")], ..Default::default() };
    assert_eq!(verdict, expected);
    assert_eq!(verdict.state(), ValidationState::Invalid);
}

#[test]
fn evidence_has_every_covering_vrp_once_most_specific_first() {
    let table = table(&[
        "10.0.0.0/8-24 64500",
        "10.0.0.0/16 64500",
        "10.0.0.0/16 64501",
        "10.0.0.0/24 64502",
        "10.0.1.0/24 64500",
    ]);
    let expected = OriginValidation {
        matched: vec![vrp("10.0.0.0/8-24 64500")],
        unmatched_as: vec![vrp("10.0.0.0/24 64502"), vrp("10.0.0.0/16 64501")],
        unmatched_length: vec![vrp("10.0.0.0/16 64500")],
        ..OriginValidation::default()
    };
    assert_eq!(table.validate(prefix("10.0.0.0/24"), &from(64500)), expected);
}

#[test]
fn as_0_matches_nothing_not_even_a_route_from_as_0() {
    // RFC 6483 section 4: a ROA for AS 0 says that nobody may; RFC 7607: no path has AS 0.
    let table = table(&["192.0.2.0/24-32 AS0"]);
    for asn in [0, 64500] {
        let verdict = table.validate(prefix("192.0.2.0/24"), &from(asn));
        assert_eq!(verdict.reason(), Some(crate::InvalidReason::As), "AS{asn}");
        assert_eq!(table.state(prefix("192.0.2.0/24"), &from(asn)), ValidationState::Invalid);
    }
    // Another VRP lifts it (RFC 6483 section 4, last paragraph).
    let lifted = VrpTable::new(table.iter().chain([vrp("192.0.2.0/24 64500")]));
    assert_eq!(lifted.state(prefix("192.0.2.0/24"), &from(64500)), ValidationState::Valid);
}

#[test]
fn as_set_and_no_origin_are_never_valid() {
    // RFC 6811 section 2: the Route Origin ASN is NONE, which no VRP can match.
    let table = table(&["192.0.2.0/24 64500"]);
    for origin in [RouteOrigin::Set([Asn::new(64500)].into()), RouteOrigin::None] {
        assert_eq!(table.state(prefix("192.0.2.0/24"), &origin), ValidationState::Invalid);
        assert_eq!(table.state(prefix("192.0.3.0/24"), &origin), ValidationState::NotFound);
    }
}

#[test]
fn a_vrp_of_the_default_route_covers_its_family() {
    let table = table(&["0.0.0.0/0-24 64500"]);
    assert_eq!(table.state(prefix("0.0.0.0/0"), &from(64500)), ValidationState::Valid);
    assert_eq!(table.state(prefix("192.0.2.0/24"), &from(64500)), ValidationState::Valid);
    assert_eq!(table.state(prefix("192.0.2.0/25"), &from(64500)), ValidationState::Invalid);
    assert_eq!(table.state(prefix("::/0"), &from(64500)), ValidationState::NotFound);
}

#[test]
fn host_routes_at_both_ends_of_both_families() {
    let all = ["0.0.0.0/32 1", "255.255.255.255/32 2", "::/128 3"];
    let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128 4";
    let table = VrpTable::new(all.iter().copied().chain([last]).map(vrp));
    for vrp in table.iter() {
        let origin = RouteOrigin::As(vrp.asn());
        assert_eq!(table.state(vrp.prefix(), &origin), ValidationState::Valid, "{vrp}");
    }
    assert_eq!(table.state(prefix("255.255.255.254/31"), &from(2)), ValidationState::NotFound);
}

#[test]
fn duplicates_are_one_vrp_with_the_latest_expiry() {
    let at = |seconds| Some(Timestamp::from_seconds(seconds));
    let [a, b] = [vrp("192.0.2.0/24 64500"), vrp("192.0.2.0/24-25 64500")];
    let table = VrpTable::with_expiry([(a, at(2)), (b, at(9)), (a, at(5)), (a, at(3))]);
    assert_eq!(table.iter_expiry().collect::<Vec<_>>(), [(a, at(5)), (b, at(9))]);
    // A ROA without an expiry outlasts all.
    let table = VrpTable::with_expiry([(a, at(2)), (a, None)]);
    assert_eq!(table.iter_expiry().collect::<Vec<_>>(), [(a, None)]);
}

#[test]
fn an_empty_table_finds_nothing() {
    let table = VrpTable::default();
    assert_eq!(table.state(prefix("0.0.0.0/0"), &from(0)), ValidationState::NotFound);
    assert_eq!(table.state(prefix("::1/128"), &from(1)), ValidationState::NotFound);
    assert_eq!((table.len(), table.is_empty()), (0, true));
    assert_eq!(table.covered_by(prefix("::/0")).count(), 0);
}

#[test]
fn max_length_beyond_the_family_or_below_the_prefix_is_no_vrp() {
    let refuse = |place, max| Vrp::new(prefix(place), max, Asn::new(1)).unwrap_err().to_string();
    assert_eq!(refuse("192.0.2.0/24", 33), "max length 33 does not fit 192.0.2.0/24");
    assert_eq!(refuse("192.0.2.0/24", 23), "max length 23 does not fit 192.0.2.0/24");
    assert_eq!(refuse("2001:db8::/32", 129), "max length 129 does not fit 2001:db8::/32");
}

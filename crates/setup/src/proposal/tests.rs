use std::net::{IpAddr, Ipv4Addr};

use bgp::{AsPath, Family, Route, Vantage, View};
use validator::{RpkiSnapshot, Vrp, VrpTable};

use super::*;
use crate::route_objects::RouteObject;

const OWN: u32 = 64500;

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn vrp(place: &str, max: u8, asn: u32) -> Vrp {
    Vrp::new(prefix(place), max, Asn::new(asn)).unwrap()
}

fn route(place: &str, origin: u32) -> Announcement {
    Announcement { prefix: prefix(place), origin: Asn::new(origin) }
}

fn vantage(number: u8) -> Vantage {
    Vantage {
        collector: "rrc00".into(),
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
        asn: Asn::new(65536 + u32::from(number)),
        view: View::default(),
        vrf: None,
    }
}

/// Four vantage points with a whole table; of each prefix, the path behind the vantage AS and who holds it.
fn survey(routes: &[(&str, &[u32], &[u8])]) -> Survey {
    let mut survey = Survey::new([Asn::new(OWN)]);
    for number in 0..4 {
        survey.add_table(&vantage(number), Family::Ipv4, 1000);
    }
    for (place, path, holders) in routes {
        for number in *holders {
            let vantage = vantage(*number);
            let path =
                AsPath::sequence([vantage.asn.number()].into_iter().chain(path.iter().copied()));
            survey.add(&vantage, prefix(place), &Route { path, ..Route::default() });
        }
    }
    survey
}

fn facts(vrps: &[Vrp], routes: &[(&str, &[u32], &[u8])]) -> Facts {
    Facts {
        asns: vec![Asn::new(OWN)],
        snapshot: RpkiSnapshot::of(VrpTable::new(vrps.iter().copied())),
        survey: Some(survey(routes)),
        ..Facts::default()
    }
}

/// The watches: prefix, and the origins with why.
fn watches(proposal: &Proposal) -> Vec<String> {
    let origin = |origin: &AllowedOrigin| {
        let why: Vec<_> = origin.evidence.iter().map(ToString::to_string).collect();
        format!("{} ({})", origin.asn, why.join("; "))
    };
    let watch = |watch: &ProposedWatch| {
        let origins: Vec<_> = watch.origins.iter().map(origin).collect();
        format!("{} {}", watch.prefix, origins.join(", "))
    };
    proposal.watches.iter().map(watch).collect()
}

fn issues(proposal: &Proposal) -> Vec<String> {
    proposal.issues.iter().map(ToString::to_string).collect()
}

const ALL: &[u8] = &[0, 1, 2, 3];

#[test]
fn what_we_announce_and_what_our_roas_name_is_watched_with_the_reason() {
    let vrps = [vrp("198.18.0.0/21", 21, OWN), vrp("203.0.113.0/24", 24, OWN)];
    let routes: &[(&str, &[u32], &[u8])] =
        &[("198.18.0.0/21", &[64510, OWN], &[0, 1, 2]), ("198.18.8.0/21", &[64511, OWN, OWN], ALL)];
    let proposal = Proposal::new(&facts(&vrps, routes));
    assert_eq!(
        watches(&proposal),
        [
            "198.18.0.0/21 AS64500 (VRP 198.18.0.0/21; seen at 3 of 4 vantage points)",
            "198.18.8.0/21 AS64500 (seen at 4 of 4 vantage points)",
            "203.0.113.0/24 AS64500 (VRP 203.0.113.0/24)",
        ]
    );
    assert_eq!(
        issues(&proposal),
        [
            "198.18.8.0/21 by AS64500 has no ROA",
            "the ROA 203.0.113.0/24 AS64500 is there, but nobody announces 203.0.113.0/24",
        ]
    );
    let upstream = |asn, routes| Upstream { asn: Asn::new(asn), routes, of: 7, in_aspa: None };
    assert_eq!(proposal.upstreams, [upstream(64511, 4), upstream(64510, 3)]);
}

#[test]
fn another_origin_needs_a_reason() {
    let vrps = [vrp("198.18.0.0/16", 16, OWN), vrp("198.18.4.0/24", 24, 64998)];
    let routes: &[(&str, &[u32], &[u8])] = &[
        ("198.18.0.0/16", &[64510, OWN], ALL),
        // A customer with a ROA, one behind us, one whose route object says so, and two without any reason.
        ("198.18.4.0/24", &[64510, 64998], ALL),
        ("198.18.5.0/24", &[64510, OWN, 64997], &[0]),
        ("198.18.7.0/24", &[64510, 64995], ALL),
    ];
    let mut facts = facts(&vrps, routes);
    facts.route_objects = vec![RouteObject {
        prefix: prefix("198.18.7.0/24"),
        origin: Asn::new(64995),
        description: "Customer".to_owned(),
        source: "RIPE".to_owned(),
    }];
    let proposal = Proposal::new(&facts);
    let ours = "AS64500 (the space is yours)";
    assert_eq!(
        watches(&proposal),
        [
            "198.18.0.0/16 AS64500 (VRP 198.18.0.0/16; seen at 4 of 4 vantage points)".to_owned(),
            format!(
                "198.18.4.0/24 {ours}, AS64998 (VRP 198.18.4.0/24; seen at 4 of 4 vantage points)"
            ),
            format!(
                "198.18.5.0/24 {ours}, AS64997 (seen at 1 of 4 vantage points; behind you at 1)"
            ),
        ]
    );
    // The ROA of the /16 makes what has none of its own invalid: a route object does not help against it.
    assert_eq!(
        issues(&proposal),
        [
            "198.18.5.0/24 by AS64997 is RPKI-invalid by VRP 198.18.0.0/16 AS64500",
            "198.18.7.0/24 is originated by AS64995 at 4 of 4 vantage points, RPKI-invalid by VRP 198.18.0.0/16 AS64500",
        ]
    );
}

/// A hijack that stands while the config is made must not become a known origin.
#[test]
fn what_few_see_or_rpki_forbids_is_not_allowed_and_what_most_see_is_to_be_confirmed() {
    let routes: &[(&str, &[u32], &[u8])] = &[
        ("198.18.0.0/21", &[64510, OWN], ALL),
        ("198.18.0.0/21", &[64510, 64666], &[3]),
        ("198.18.1.0/24", &[64510, 64667], &[0, 1]),
        ("203.0.113.0/24", &[64510, OWN], &[2]),
    ];
    let proposal = Proposal::new(&facts(&[], routes));
    assert_eq!(
        watches(&proposal),
        [
            "198.18.0.0/21 AS64500 (seen at 4 of 4 vantage points)",
            "198.18.1.0/24 AS64500 (the space is yours), AS64667 (seen at 2 of 4 vantage points; CONFIRM: no VRP or route object says so)",
        ]
    );
    assert_eq!(
        issues(&proposal),
        [
            "198.18.0.0/21 is originated by AS64666 at 1 of 4 vantage points, RPKI state unknown",
            "198.18.1.0/24 is originated by AS64667 at 2 of 4 vantage points, and no VRP or route object says that it may",
            "203.0.113.0/24 is seen with your AS64500 as origin at 1 of 4 vantage points only, and nothing else says that it is yours",
        ]
    );
    assert!(proposal.issues.iter().all(Issue::is_urgent));
}

#[test]
fn aggregates_of_others_are_known_unless_rpki_forbids_them() {
    let vrps = [vrp("198.18.0.0/21", 24, OWN), vrp("198.0.0.0/8", 8, 64999)];
    let routes: &[(&str, &[u32], &[u8])] = &[
        ("198.18.0.0/21", &[64510, OWN], ALL),
        ("198.18.0.0/15", &[64510, 64511], &[0, 1]),
        ("198.0.0.0/8", &[64510, 64666], &[2]),
        ("0.0.0.0/0", &[64510], ALL),
    ];
    let proposal = Proposal::new(&facts(&vrps, routes));
    let known = &proposal.watches[0].aggregates;
    let two = Visibility { holding: 2, total: 4 };
    // Not covered by a VRP of its own, and forbidden by that of the /8.
    assert_eq!(known, &[]);
    let without = Proposal::new(&facts(&vrps[..1], routes));
    let one = Visibility { holding: 1, total: 4 };
    assert_eq!(
        without.watches[0].aggregates,
        [(route("198.0.0.0/8", 64666), one), (route("198.18.0.0/15", 64511), two)]
    );
    assert_eq!(
        issues(&proposal)[0],
        "198.0.0.0/8 around your space is originated by AS64666 at 1 of 4 vantage points, RPKI-invalid"
    );
    let exposed = issues(&without);
    assert_eq!(
        exposed,
        [
            "maxLength of the ROA 198.18.0.0/21-24 AS64500 allows 198.18.0.0/22, which nobody announces: whoever forges your AS can"
        ]
    );
}

/// Registries keep what is long gone; a list of what is announced corrects them.
#[test]
fn a_route_object_alone_counts_only_where_nothing_shows_what_is_announced() {
    let object = RouteObject {
        prefix: prefix("192.0.2.0/24"),
        origin: Asn::new(OWN),
        description: "Old".to_owned(),
        source: "RADB".to_owned(),
    };
    let mut facts =
        Facts { asns: vec![Asn::new(OWN)], route_objects: vec![object], ..Facts::default() };
    let alone = Proposal::new(&facts);
    assert_eq!(watches(&alone), ["192.0.2.0/24 AS64500 (route object in RADB)"]);
    assert_eq!(alone.watches[0].description, "Old");
    facts.announced = Some([(prefix("198.18.0.0/21"), Asn::new(OWN))].into());
    let proposal = Proposal::new(&facts);
    assert_eq!(watches(&proposal), ["198.18.0.0/21 AS64500 (listed as announced)"]);
    assert_eq!(
        issues(&proposal),
        ["RADB has a route object 192.0.2.0/24 AS64500, and nothing else knows it"]
    );
}

#[test]
fn without_tables_our_roas_say_how_long_more_specifics_may_be() {
    let snapshot = RpkiSnapshot::of(VrpTable::new([
        vrp("198.18.0.0/21", 24, OWN),
        vrp("198.18.0.0/21", 22, OWN),
        vrp("203.0.113.0/24", 24, OWN),
        vrp("203.0.113.0/24", 24, 64999),
    ]));
    let facts = Facts { asns: vec![Asn::new(OWN)], snapshot, ..Facts::default() };
    let proposal = Proposal::new(&facts);
    let lengths: Vec<_> = proposal.watches.iter().map(|watch| watch.max_length).collect();
    assert_eq!(lengths, [Some(24), None]);
    assert_eq!(
        watches(&proposal)[1],
        "203.0.113.0/24 AS64500 (VRP 203.0.113.0/24), AS64999 (VRP 203.0.113.0/24)"
    );
    assert_eq!(issues(&proposal), [""; 0]);
}

/// Many peers of a collector send it only their customers' routes: they never had the others.
#[test]
fn one_whole_table_is_enough_where_there_is_no_second_one() {
    let mut survey = Survey::new([Asn::new(OWN)]);
    survey.add_table(&vantage(0), Family::Ipv4, 1000);
    survey.add_table(&vantage(1), Family::Ipv4, 10);
    let path = AsPath::sequence([65536, 64510, OWN]);
    survey.add(&vantage(0), prefix("198.18.0.0/21"), &Route { path, ..Route::default() });
    let facts = Facts { asns: vec![Asn::new(OWN)], survey: Some(survey), ..Facts::default() };
    let proposal = Proposal::new(&facts);
    assert_eq!(watches(&proposal), ["198.18.0.0/21 AS64500 (seen at 1 of 1 vantage points)"]);
    assert_eq!(issues(&proposal), [""; 0]);
}

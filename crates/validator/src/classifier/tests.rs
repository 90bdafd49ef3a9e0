use bgp::{AsPath, Family, Segment, Timestamp, Vantage, View};
use proptest::prelude::*;

use super::*;
use crate::own_prefixes::REMEMBERED;
use crate::{OwnPrefixes, Severity, Vrp, VrpTable};

const OURS: u32 = 64500;
const PEER: u32 = 64496;

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn vrp(place: &str, max_length: u8, asn: u32) -> Vrp {
    Vrp::new(prefix(place), max_length, Asn::new(asn)).unwrap()
}

fn watch(place: &str, max_length: u8) -> Watch {
    Watch::new(prefix(place), Origins::Only(vec![Asn::new(OURS)]), max_length)
}

/// Two /21s with a hole, a customer's /24 inside, an unannounced /24, and one for paths only.
fn session(vrps: &[Vrp]) -> Session {
    let watches = [
        watch("198.18.0.0/21", 22),
        Watch { origins: Origins::Only(vec![Asn::new(64501)]), ..watch("198.18.4.0/24", 24) },
        Watch { aggregates: vec![prefix("198.16.0.0/13")], ..watch("198.18.8.0/21", 24) },
        Watch { announced: false, ..watch("203.0.113.0/24", 24) },
        Watch { origins: Origins::Any, ..watch("192.0.2.0/24", 24) },
        watch("2001:db8::/32", 48),
    ];
    let list = WatchList::new(watches, [OURS, 64502].map(Asn::new)).unwrap();
    let snapshot = RpkiSnapshot::of(VrpTable::new(vrps.iter().copied()));
    let classifier = Classifier::new(Arc::new(list), Arc::new(snapshot));
    Session { classifier, own: OwnPrefixes::default() }
}

/// A classifier, and what its session remembers.
struct Session {
    classifier: Classifier,
    own: OwnPrefixes,
}

impl Session {
    fn classify(&mut self, observation: &Observation) -> Option<Finding> {
        let known = match &observation.event {
            Event::Route { prefix, .. } => self.own.contains(*prefix),
            Event::SessionUp | Event::SessionDown | Event::Unreadable => false,
        };
        let finding = self.classifier.classify(observation, known)?;
        self.own.admit(&finding, &self.classifier).then_some(finding)
    }

    fn matches(&self, prefix: Prefix) -> bool {
        self.classifier.matches(prefix) || self.own.contains(prefix)
    }

    fn matches_announcement(&self, prefix: Prefix, origin: &RouteOrigin) -> bool {
        self.own.contains(prefix) || self.classifier.matches_announcement(prefix, origin)
    }
}

fn peer() -> Vantage {
    let address = "192.0.2.1".parse().unwrap();
    let (asn, view) = (Asn::new(PEER), View::default());
    Vantage { collector: "rrc00".into(), address, asn, view, vrf: None }
}

fn observation(event: Event) -> Observation {
    Observation { at: Timestamp::from_seconds(1), vantage: peer(), event }
}

fn announce(place: &str, path: &AsPath) -> Observation {
    let route = Arc::new(Route { path: path.clone(), ..Route::default() });
    let change = Change::Announce(route);
    observation(Event::Route { prefix: prefix(place), path_id: 7, change })
}

fn withdraw(place: &str) -> Observation {
    let change = Change::Withdraw;
    observation(Event::Route { prefix: prefix(place), path_id: 7, change })
}

fn path(origin: u32) -> AsPath {
    AsPath::sequence([PEER, 64510, origin])
}

/// Who was touched and what is wrong; none of no finding at all.
fn touched(
    session: &mut Session,
    observation: &Observation,
) -> Option<Vec<(String, Option<IncidentKind>)>> {
    match session.classify(observation) {
        None => None,
        Some(Finding::Route(RouteFinding {
            state: RouteState::Held(held), path_id: 7, ..
        })) => {
            let name = |watch: &Option<Arc<Watch>>| {
                watch.as_ref().map_or("none".to_owned(), |watch| watch.prefix.to_string())
            };
            Some(held.matches.iter().map(|found| (name(&found.watch), found.kind)).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn inside_a_watch_the_rules_hold_in_order() {
    use IncidentKind::{NewMoreSpecific, OriginHijack, RpkiInvalid, Squatting, SubPrefixHijack};
    let mut session = session(&[
        vrp("198.18.0.0/21", 21, OURS),
        vrp("198.18.4.0/24", 24, 64666),
        vrp("192.0.2.0/24", 24, 64666),
        vrp("203.0.113.0/24", 24, 64666),
    ]);
    let rows = [
        ("198.18.0.0/21", OURS, "198.18.0.0/21", None),
        ("198.18.0.0/21", 4761, "198.18.0.0/21", Some(OriginHijack)),
        ("198.18.0.0/24", 4761, "198.18.0.0/21", Some(SubPrefixHijack)),
        ("198.18.0.0/24", OURS, "198.18.0.0/21", Some(NewMoreSpecific)),
        // Within our max_length, but beyond the VRP's: our own routers' peers drop it.
        ("198.18.0.0/22", OURS, "198.18.0.0/21", Some(RpkiInvalid)),
        // The customer's watch decides, for it and against us.
        ("198.18.4.0/24", 64501, "198.18.4.0/24", Some(RpkiInvalid)),
        ("198.18.4.0/24", OURS, "198.18.4.0/24", Some(OriginHijack)),
        ("198.18.4.0/25", 64501, "198.18.4.0/24", Some(NewMoreSpecific)),
        // Whoever announces it, us and the RPKI-valid holder included.
        ("203.0.113.0/24", OURS, "203.0.113.0/24", Some(Squatting)),
        ("203.0.113.128/25", 64666, "203.0.113.0/24", Some(Squatting)),
        // Anybody may; longer ones are still told; RPKI-invalid only of our own ASes.
        ("192.0.2.0/24", 4761, "192.0.2.0/24", None),
        ("192.0.2.0/25", 4761, "192.0.2.0/24", Some(NewMoreSpecific)),
        ("192.0.2.0/24", 64502, "192.0.2.0/24", Some(RpkiInvalid)),
        ("2001:db8:1::/48", OURS, "2001:db8::/32", None),
        ("2001:db8:1::/49", OURS, "2001:db8::/32", Some(NewMoreSpecific)),
        ("2001:db8:1::/48", 4761, "2001:db8::/32", Some(SubPrefixHijack)),
    ];
    for (place, origin, watch, kind) in rows {
        let found = touched(&mut session, &announce(place, &path(origin)));
        assert_eq!(found, Some(vec![(watch.to_owned(), kind)]), "{place} AS{origin}");
    }
}

#[test]
fn a_valid_hijack_is_a_hijack_still_but_less_loud() {
    let mut session = session(&[vrp("198.18.0.0/21", 21, 64666)]);
    let finding = session.classify(&announce("198.18.0.0/21", &path(64666)));
    let Some(Finding::Route(RouteFinding { state: RouteState::Held(held), .. })) = finding else {
        panic!("{finding:?}")
    };
    assert_eq!(held.matches[0].kind, Some(IncidentKind::OriginHijack));
    assert_eq!(held.severity(), Some(crate::Severity::Notice));
    assert_eq!(held.rov.matched, [vrp("198.18.0.0/21", 21, 64666)]);
}

#[test]
fn around_watches_each_watch_inside_has_its_say() {
    let both = |kind| {
        Some(vec![
            ("198.18.0.0/21".to_owned(), kind),
            ("198.18.4.0/24".to_owned(), kind),
            ("198.18.8.0/21".to_owned(), kind),
        ])
    };
    let mut plain = session(&[]);
    let ask =
        |session: &mut Session, place, origin| touched(session, &announce(place, &path(origin)));
    assert_eq!(ask(&mut plain, "198.18.0.0/16", 4761), both(Some(IncidentKind::SuperPrefix)));
    // Our aggregate is ours, but not the customer's to see gone.
    let mut ours = both(None).unwrap();
    ours[1].1 = Some(IncidentKind::SuperPrefix);
    assert_eq!(ask(&mut plain, "198.18.0.0/16", OURS), Some(ours));
    // A known aggregate, known to one watch only.
    let mut known = both(Some(IncidentKind::SuperPrefix)).unwrap();
    known[2].1 = None;
    assert_eq!(ask(&mut plain, "198.16.0.0/13", 4761), Some(known));
    // Its holder is entitled to it.
    let mut rpki = session(&[vrp("198.18.0.0/16", 16, 4761)]);
    assert_eq!(ask(&mut rpki, "198.18.0.0/16", 4761), both(None));
    // Nothing but origins = "any" inside.
    let paths_only = Some(vec![("192.0.2.0/24".to_owned(), None)]);
    assert_eq!(ask(&mut plain, "192.0.0.0/16", 4761), paths_only);
    // Default routes say nothing.
    assert_eq!(ask(&mut plain, "0.0.0.0/0", 4761), None);
    assert_eq!(ask(&mut plain, "0.0.0.0/0", OURS), None);
}

#[test]
fn what_our_as_announces_outside_every_watch_is_followed_to_its_end() {
    let mut session = session(&[]);
    let place = "203.0.112.0/24";
    assert_eq!(touched(&mut session, &withdraw(place)), None);
    assert_eq!(touched(&mut session, &announce(place, &path(4761))), None);
    assert!(!session.matches(prefix(place)));

    let own = Some(vec![("none".to_owned(), Some(IncidentKind::OwnAsNewPrefix))]);
    assert_eq!(touched(&mut session, &announce(place, &path(OURS))), own);
    assert!(session.matches(prefix(place)));
    assert_eq!(touched(&mut session, &announce(place, &path(OURS))), own);
    // Somebody else's now: let through, with nothing wrong.
    assert_eq!(touched(&mut session, &announce(place, &path(4761))), Some(vec![]));
    let Some(Finding::Route(gone)) = session.classify(&withdraw(place)) else { panic!() };
    assert_eq!((gone.prefix, gone.path_id, gone.state), (prefix(place), 7, RouteState::Withdrawn));
}

#[test]
fn a_full_table_from_our_as_does_not_grow_without_end() {
    let mut session = session(&[]);
    let last = u32::try_from(REMEMBERED).unwrap();
    for number in 0..=last {
        let bits = u128::from(0x0a00_0000 + number) << 96;
        let place = Prefix::from_bits(Family::Ipv4, bits, 32).to_string();
        let finding = session.classify(&announce(&place, &path(OURS)));
        assert_eq!(finding.is_some(), number < last, "{place}");
    }
    assert_eq!(session.own.len(), REMEMBERED);
    assert!(touched(&mut session, &announce("10.0.0.0/32", &path(OURS))).is_some());
}

#[test]
fn what_an_offender_does_to_others_is_told_with_its_holders() {
    let mut session = session(&[
        vrp("100.64.0.0/16", 24, 64511),
        vrp("100.64.0.0/10", 10, 64510),
        vrp("100.64.0.0/16", 16, 64511),
        vrp("100.65.0.0/16", 16, 0),
    ]);
    let mut ask = |place, path: &AsPath| session.classify(&announce(place, path));
    let (at, origin) = (Timestamp::from_seconds(1), Asn::new(4761));
    let told = |place, holders: &[u32]| {
        let holders = holders.iter().copied().map(Asn::new).collect();
        Some(Finding::OffenderActivity { at, prefix: prefix(place), origin, holders })
    };
    assert_eq!(ask("100.64.1.0/24", &path(4761)), told("100.64.1.0/24", &[64510, 64511]));
    assert_eq!(ask("100.65.0.0/16", &path(4761)), told("100.65.0.0/16", &[64510]));
    assert_eq!(ask("100.64.1.0/24", &path(64511)), None, "valid");
    assert_eq!(ask("100.64.1.0/25", &path(64511)), None, "too specific, but its own");
    assert_eq!(ask("101.64.1.0/24", &path(4761)), None, "not found");
    let set = AsPath::new([Segment::Set([Asn::new(4761)].into())]);
    assert_eq!(ask("100.64.1.0/24", &set), None, "who, of a set?");
}

#[test]
fn origins_that_are_no_single_as() {
    let mut session = session(&[]);
    let set = |members: &[u32]| {
        let members = members.iter().copied().map(Asn::new).collect();
        AsPath::new([Segment::Sequence([Asn::new(PEER)].into()), Segment::Set(members)])
    };
    let mut ask =
        |path: &AsPath| touched(&mut session, &announce("198.18.0.0/21", path)).unwrap()[0].1;
    assert_eq!(ask(&set(&[OURS])), None);
    assert_eq!(ask(&set(&[OURS, 4761])), Some(IncidentKind::OriginHijack));
    // An empty path: the vantage AS itself is the origin.
    assert_eq!(ask(&AsPath::default()), Some(IncidentKind::OriginHijack));
}

#[test]
fn our_as_set_is_expected_and_yet_never_valid() {
    let mut session = session(&[vrp("198.18.0.0/21", 21, OURS)]);
    let set = AsPath::new([Segment::Set([Asn::new(OURS)].into())]);
    let found = touched(&mut session, &announce("198.18.0.0/21", &set));
    assert_eq!(found, Some(vec![("198.18.0.0/21".to_owned(), Some(IncidentKind::RpkiInvalid))]));
}

#[test]
fn sessions_and_withdrawals_pass() {
    let mut session = session(&[]);
    for (event, expected) in [(Event::SessionUp, true), (Event::SessionDown, false)] {
        let observation = observation(event);
        let (at, vantage) = (observation.at, observation.vantage.clone());
        let finding = match expected {
            true => Finding::SessionUp { at, vantage },
            false => Finding::SessionDown { at, vantage },
        };
        assert_eq!(session.classify(&observation), Some(finding));
    }
    for (place, passes) in [
        ("198.18.0.0/21", true),
        ("198.18.1.0/24", true),
        ("198.0.0.0/8", true),
        ("0.0.0.0/0", false),
        ("198.18.16.0/21", false),
    ] {
        assert_eq!(session.classify(&withdraw(place)).is_some(), passes, "{place}");
        assert_eq!(session.matches(prefix(place)), passes, "{place}");
    }
}

#[test]
fn a_new_snapshot_judges_anew() {
    let mut session = session(&[]);
    let route = Arc::new(Route { path: path(OURS), ..Route::default() });
    let kind = |session: &Session| {
        let held = session.classifier.judge(prefix("198.18.0.0/21"), &route, &peer());
        (held.rov.state(), held.matches[0].kind)
    };
    assert_eq!(kind(&session), (ValidationState::NotFound, None));
    let table = VrpTable::new([vrp("198.18.0.0/20", 20, OURS)]);
    session.classifier = session.classifier.with_snapshot(Arc::new(RpkiSnapshot::of(table)));
    assert_eq!(kind(&session), (ValidationState::Invalid, Some(IncidentKind::RpkiInvalid)));
}

/// In and around the watched space of [`session`], and the default route.
fn any_prefix() -> impl Strategy<Value = Prefix> {
    let v4 = (prop::sample::select(vec![0xc612_0000u32, 0xcb00_7100, 0xc000_0200]), 0..64u32);
    let v4 = (v4, 0..=26u8).prop_map(|((base, more), length)| {
        Prefix::from_bits(Family::Ipv4, u128::from(base ^ (more << 7)) << 96, length)
    });
    let v6 = (0..4u128, 0..=50u8).prop_map(|(more, length)| {
        Prefix::from_bits(Family::Ipv6, (0x2001_0db8 << 96) ^ (more << 95), length)
    });
    prop_oneof![3 => v4, 1 => v6]
}

fn any_asn() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![0, OURS, 64501, 64502, 64666, 4761])
}

proptest! {
    #[test]
    fn matching_and_judging_agree_with_classifying(
        vrps in prop::collection::vec((any_prefix(), 0..3u8, any_asn()), 0..12),
        routes in prop::collection::vec((any_prefix(), any_asn(), any::<bool>()), 1..40),
    ) {
        let vrps: Vec<Vrp> = vrps
            .into_iter()
            .filter_map(|(prefix, more, asn)| {
                Vrp::new(prefix, prefix.length() + more, Asn::new(asn)).ok()
            })
            .collect();
        let mut session = session(&vrps);
        for (prefix, asn, announced) in routes {
            let place = prefix.to_string();
            if !announced {
                let wanted = session.matches(prefix);
                prop_assert_eq!(session.classify(&withdraw(&place)).is_some(), wanted);
                continue;
            }
            let observation = announce(&place, &path(asn));
            let route = Arc::new(Route { path: path(asn), ..Route::default() });
            let wanted = session.matches_announcement(prefix, &RouteOrigin::As(Asn::new(asn)));
            let judged = session.classifier.judge(prefix, &route, &peer());
            let finding = session.classify(&observation);
            prop_assert_eq!(finding.is_some(), wanted, "{} AS{}", prefix, asn);
            match finding {
                Some(Finding::Route(RouteFinding { state, .. })) => {
                    prop_assert_eq!(state, RouteState::Held(judged));
                    prop_assert!(session.matches(prefix), "its withdrawal must pass");
                }
                Some(Finding::OffenderActivity { holders, .. }) => {
                    prop_assert_eq!(judged.rov.reason(), Some(crate::InvalidReason::As));
                    prop_assert!(judged.matches.is_empty() && !holders.contains(&Asn::new(asn)));
                }
                Some(
                    Finding::SessionUp { .. }
                    | Finding::SessionDown { .. }
                    | Finding::Stale { .. }
                    | Finding::EndOfRib { .. }
                    | Finding::Condition { .. },
                )
                | None => prop_assert!(judged.matches.is_empty()),
            }
        }
    }
}

/// RFC 9234 section 5: a route that must only go to customers, from a customer.
#[test]
fn otc_is_held_against_a_customer_of_our_own_router_and_nobody_else() {
    let path = AsPath::sequence([PEER, 64510, 64500]);
    let only_to_customer = Some(Asn::new(64510));
    let route = Arc::new(Route { path, only_to_customer, ..Route::default() });
    let kind = |neighbours| {
        let classifier = session(&[]).classifier.with_neighbours(neighbours);
        let held = classifier.judge(prefix("198.18.0.0/21"), &route, &peer());
        (held.matches[0].kind, held.matches[0].culprit)
    };
    let of = |router: &str, customers: &[u32]| Neighbours {
        routers: vec![router.into()],
        providers: vec![],
        customers: customers.iter().copied().map(Asn::new).collect(),
    };
    let leak = (Some(IncidentKind::RouteLeak), Some(Asn::new(PEER)));
    assert_eq!(kind(of("rrc00", &[PEER])), leak);
    assert_eq!(kind(of("edge1", &[PEER])), (None, None));
    assert_eq!(kind(of("rrc00", &[64510])), (None, None));
}

/// A neighbour of two-octet numbers hides a four-octet AS behind AS_TRANS (RFC 6793).
#[test]
fn as_trans_is_no_hijack_where_our_own_as_may_stand_behind_it() {
    let of = |ours: u32| {
        let origins = Origins::Only(vec![Asn::new(ours)]);
        let watch = Watch::new(prefix("198.18.0.0/21"), origins, 24);
        let watches = WatchList::new([watch], [Asn::new(ours)]).unwrap();
        let vrps = [vrp("198.18.0.0/21", 24, ours)];
        let mut session = self::session(&vrps);
        session.classifier =
            Classifier::new(Arc::new(watches), session.classifier.snapshot().clone());
        touched(&mut session, &announce("198.18.0.0/21", &path(23456))).unwrap()
    };
    let kind = |ours| of(ours)[0].1;
    assert_eq!(kind(200_000), None, "nor is it RPKI-invalid: no VRP can say");
    assert_eq!(kind(64500), Some(IncidentKind::OriginHijack));
}

/// FRR and BIRD write their own routes as those of AS 0, without any AS on the path.
#[test]
fn a_route_of_a_router_whose_as_is_not_told_is_nobodys_hijack() {
    let mut session = session(&[vrp("198.18.0.0/21", 21, OURS)]);
    for place in ["198.18.0.0/21", "198.18.0.0/24", "203.0.113.0/24", "198.18.0.0/16"] {
        let mut own = announce(place, &AsPath::default());
        own.vantage.asn = Asn::ZERO;
        let found = touched(&mut session, &own).unwrap();
        assert!(found.iter().all(|(_, kind)| kind.is_none()), "{place}: {found:?}");
    }
}

#[test]
fn what_cannot_be_read_is_told_and_decides_nothing() {
    let mut session = session(&[]);
    let unreadable = |place: &str| {
        let change = Change::Unreadable;
        observation(Event::Route { prefix: prefix(place), path_id: 7, change })
    };
    let Some(Finding::Route(found)) = session.classify(&unreadable("198.18.0.0/24")) else {
        panic!("it is in watched space")
    };
    assert_eq!(found.state, RouteState::Unreadable);
    assert_eq!(session.classify(&unreadable("100.64.0.0/10")), None);
    let gap = Finding::Stale { at: Timestamp::from_seconds(1), vantage: peer() };
    assert_eq!(session.classify(&observation(Event::Unreadable)), Some(gap));
}

#[test]
fn what_our_own_network_or_an_upstream_lets_out_is_no_hijack() {
    use IncidentKind::{Blackhole, FirstHop, OriginHijack, SubPrefixHijack, UnexpectedDownstream};
    let ours = Watch { upstreams: Some(vec![Asn::new(64510)]), ..watch("198.18.0.0/21", 24) };
    let list = WatchList::new([ours, watch("2001:db8::/32", 48)], [Asn::new(OURS)]).unwrap();
    let classifier = Classifier::new(list.into(), RpkiSnapshot::of(VrpTable::new([])).into());
    let judge = |place: &str, path: &str, communities: &[Community]| {
        let path = path.parse().unwrap();
        let route = Route { path, communities: communities.into(), ..Route::default() };
        let held = classifier.judge(prefix(place), &Arc::new(route), &peer());
        let [found] = held.matches.as_slice() else { panic!("{held:?}") };
        (found.kind.unwrap(), found.culprit.map(Asn::number), found.severity(held.rov.state()))
    };
    let own = (UnexpectedDownstream, Some(OURS), Some(Severity::Warning));
    let forged = (FirstHop, Some(3356), Some(Severity::Critical));
    let hijack = (OriginHijack, None, Some(Severity::Critical));
    let part = (SubPrefixHijack, None, Some(Severity::Critical));
    let blackhole = (Blackhole, None, Some(Severity::Notice));
    let (drop, other) = (Community::BLACKHOLE, Community(0xffff_ff01));
    let rows = [
        // A private AS behind ours, prepended, several in a row, of four octets.
        ("198.18.1.0/24", "3356 64510 64500 65001", &[][..], own),
        ("198.18.0.0/21", "64510 64500 64500 65001 65001", &[], own),
        ("198.18.0.0/21", "64510 64500 65001 65002", &[], own),
        ("198.18.0.0/21", "64510 64500 4200000000", &[], own),
        ("2001:db8::/32", "3356 64500 65001", &[], own),
        // Ours is none of the path, or not next to it; a public AS behind ours is a hijack that we let out.
        ("198.18.0.0/21", "3356 64510 65001", &[], hijack),
        ("198.18.0.0/21", "64510 64500 666 65001", &[], hijack),
        ("198.18.0.0/21", "64510 64500 666", &[], hijack),
        ("198.18.0.0/21", "64510 64500 {65001,65002}", &[], hijack),
        // Anybody can write our AS and a private one behind it.
        ("198.18.1.0/24", "3356 64500 65001", &[], forged),
        // BLACKHOLE by an upstream, and what only looks like it.
        ("198.18.1.1/32", "3356 64510", &[other, drop], blackhole),
        ("198.18.1.0/30", "3356 64510 64510", &[drop], blackhole),
        ("198.18.1.1/32", "3356 64510", &[other], part),
        ("198.18.1.1/32", "3356 666", &[drop], part),
        ("198.18.1.0/24", "3356 64510", &[drop], part),
        // Whose upstream it is is not known.
        ("2001:db8::1/128", "3356 64510", &[drop], part),
    ];
    for (place, path, communities, expected) in rows {
        assert_eq!(judge(place, path, communities), expected, "{place} {path}");
    }
}

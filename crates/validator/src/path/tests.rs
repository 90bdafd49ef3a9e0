use proptest::prelude::*;

use super::*;

/// ASPAs as `(customer, [providers])`.
fn aspas(entries: &[(u32, &[u32])]) -> AspaTable {
    let mut table = AspaTable::default();
    for (customer, providers) in entries {
        table.add(Asn::new(*customer), providers.iter().copied().map(Asn::new));
    }
    table
}

fn verify(aspas: &AspaTable, path: &[u32], role: Role) -> PathVerification {
    let neighbour = path.first().copied().unwrap_or_default();
    let path = AsPath::sequence(path.iter().copied());
    PathVerification::new(aspas, &path, Asn::new(neighbour), role)
}

fn step(customer: u32, provider: u32) -> Step {
    Step { customer: Asn::new(customer), provider: Asn::new(provider) }
}

/// A small world: 1 is the origin, 2 its provider, 3 the provider of 2; 10 and 20 are at the
/// other side, 10 a customer of 20. 30 says that it has no provider at all (AS 0). 40 and 50 say
/// nothing.
fn world() -> AspaTable {
    aspas(&[(1, &[2]), (2, &[3]), (3, &[0]), (10, &[20]), (20, &[0]), (30, &[0])])
}

/// Vectors of our own, each from a rule of draft-ietf-sidrops-aspa-verification section 6.
/// Paths are written as in BGP: the neighbour first, the origin last.
#[test]
fn vectors_from_the_rules_of_the_draft() {
    use PathState::{Invalid, Unknown, Valid};
    let world = world();
    let rows: &[(&str, &[u32], PathState, PathState)] = &[
        // The rule, the path, upstream, downstream.
        ("N = 1 is valid", &[1], Valid, Valid),
        ("prepending is one AS", &[1, 1, 1], Valid, Valid),
        ("up once, attested", &[2, 1], Valid, Valid),
        ("up twice, attested, with prepending", &[3, 2, 2, 1], Valid, Valid),
        ("N = 2 is never invalid downstream", &[30, 1], Invalid, Valid),
        ("up, no attestation at the top", &[50, 40, 1], Invalid, Unknown),
        ("no attestation anywhere", &[60, 50, 40], Unknown, Unknown),
        ("up to 3, one peering, down to 10", &[10, 20, 3, 2, 1], Invalid, Valid),
        ("the same without the peering", &[10, 20, 2, 1], Invalid, Valid),
        ("down only, all the way", &[10, 20], Invalid, Valid),
        ("an AS between two tops that have no provider", &[10, 20, 40, 3, 2, 1], Invalid, Invalid),
        ("up, then down by no attestation", &[50, 40, 3, 2, 1], Invalid, Unknown),
        ("a valley: 30 is no provider and has none", &[20, 30, 3, 2, 1], Invalid, Invalid),
        ("AS 0 is nobody's provider", &[40, 3, 2, 1], Invalid, Valid),
        ("1 leaks from 2 to 30", &[30, 1, 2, 3], Invalid, Invalid),
    ];
    for (rule, path, upstream, downstream) in rows {
        let state = |role| verify(&world, path, role).state();
        assert_eq!(state(Role::Customer), *upstream, "{rule}, upstream");
        assert_eq!(state(Role::Provider), *downstream, "{rule}, downstream");
    }
}

/// Section 6.2 and 6.3, the first three steps of each.
#[test]
fn flaws_make_a_path_invalid_whatever_the_aspas_say() {
    let sequence = |asns: &[u32]| Segment::Sequence(asns.iter().copied().map(Asn::new).collect());
    let set = Segment::Set([Asn::new(1)].into());
    let neighbour = Asn::new(2);
    let verify = |segments: Vec<Segment>, role| {
        let verdict = PathVerification::new(&world(), &AsPath::new(segments), neighbour, role);
        (verdict.state(), verdict.flaw)
    };
    let invalid = |flaw| (PathState::Invalid, Some(flaw));
    for role in [Role::Provider, Role::Customer, Role::Unknown] {
        assert_eq!(verify(vec![], role), invalid(PathFlaw::Empty));
        assert_eq!(verify(vec![sequence(&[2]), set.clone()], role), invalid(PathFlaw::AsSet));
        let other = PathFlaw::NotFromNeighbour(Asn::new(3));
        assert_eq!(verify(vec![sequence(&[3, 2, 1])], role), invalid(other));
    }
    // A route server is transparent; a confederation is one AS.
    let confederation = Segment::ConfedSequence([Asn::new(64512)].into());
    let client = vec![confederation, sequence(&[3, 2, 1])];
    assert_eq!(verify(client, Role::RouteServer), (PathState::Valid, None));
}

#[test]
fn evidence_names_the_step_and_whose_aspa() {
    let world = world();
    let evidence = |path: &[u32], role| verify(&world, path, role).evidence().collect::<Vec<_>>();
    assert_eq!(evidence(&[30, 1, 2, 3], Role::Unknown), [step(3, 2), step(30, 1)]);
    assert_eq!(evidence(&[30, 1], Role::Peer), [step(1, 30)]);
    assert_eq!(evidence(&[10, 20, 40, 3, 2, 1], Role::Unknown), [step(3, 40), step(20, 40)]);
    assert_eq!(evidence(&[3, 2, 1], Role::Customer), []);
}

/// The draft's definitions, word for word, over the whole path.
fn naive(aspas: &AspaTable, path: &[u32], direction: Direction) -> PathState {
    let mut unique = path.to_vec();
    unique.dedup();
    unique.reverse();
    let n = unique.len();
    // AS(1) is the origin.
    let hop =
        |from: usize, to: usize| aspas.hop(Asn::new(unique[from - 1]), Asn::new(unique[to - 1]));
    let attested = |from, to| hop(from, to) == Hop::ProviderPlus;
    let possible = |from, to| hop(from, to) != Hop::NotProviderPlus;
    let up = |fits: &dyn Fn(usize, usize) -> bool| (1..n).find(|i| !fits(*i, i + 1)).unwrap_or(n);
    let down = |fits: &dyn Fn(usize, usize) -> bool| {
        (2..=n).rev().find(|j| !fits(*j, j - 1)).map_or(n, |j| n - j + 1)
    };
    let (max, min) = match direction {
        Direction::Upstream => (up(&possible), up(&attested)),
        Direction::Downstream => (up(&possible) + down(&possible), up(&attested) + down(&attested)),
    };
    if max < n {
        PathState::Invalid
    } else if min < n {
        PathState::Unknown
    } else {
        PathState::Valid
    }
}

proptest! {
    #[test]
    fn agrees_with_the_drafts_definitions(
        entries in prop::collection::vec((0..6u32, prop::collection::vec(0..6u32, 0..4)), 0..6),
        path in prop::collection::vec(1..6u32, 1..8),
    ) {
        let mut table = AspaTable::default();
        for (customer, providers) in entries {
            table.add(Asn::new(customer), providers.into_iter().map(Asn::new));
        }
        for role in [Role::Customer, Role::Provider] {
            let found = verify(&table, &path, role);
            prop_assert_eq!(found.state(), naive(&table, &path, role.direction()), "{:?}", found);
            let steps = found.evidence().count();
            prop_assert_eq!(steps == 0, found.state() == PathState::Valid);
        }
        let upstream = verify(&table, &path, Role::Peer).state();
        let unknown = verify(&table, &path, Role::Unknown).state();
        if unknown == PathState::Invalid {
            prop_assert_eq!(upstream, PathState::Invalid, "no role could excuse it");
        }
    }
}

/// RFC 9234 section 5, ingress, steps 1 and 2.
#[test]
fn otc_tells_a_leak_by_who_sends_it() {
    let route =
        |otc: Option<u32>| Route { only_to_customer: otc.map(Asn::new), ..Route::default() };
    let neighbour = Asn::new(64500);
    let leak = |otc, role| OtcLeak::of(&route(otc), neighbour, role).is_some();
    let rows = [
        (Role::Customer, true, true),
        (Role::RouteServerClient, true, true),
        (Role::Peer, false, true),
        (Role::Provider, false, false),
        (Role::RouteServer, false, false),
        (Role::Unknown, false, false),
    ];
    for (role, its_own, another) in rows {
        assert_eq!(leak(Some(64500), role), its_own, "{role:?}");
        assert_eq!(leak(Some(64501), role), another, "{role:?}");
        assert!(!leak(None, role), "{role:?}");
    }
}

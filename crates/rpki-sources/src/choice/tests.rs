use bgp::Asn;
use validator::VrpTable;

use super::*;

const STALE_AFTER: Duration = Duration::from_secs(100);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

/// A snapshot with these origins of one prefix.
fn data(asns: &[u32]) -> Arc<RpkiSnapshot> {
    let vrp = |asn: &u32| Vrp::new("198.18.0.0/21".parse().unwrap(), 21, Asn::new(*asn)).unwrap();
    Arc::new(RpkiSnapshot::of(asns.iter().map(vrp).collect::<VrpTable>()))
}

/// A source that said this at that time.
fn source(name: &str, snapshot: &Arc<RpkiSnapshot>, as_of: i64) -> SourceState {
    SourceState {
        name: name.to_owned(),
        snapshot: Some(snapshot.clone()),
        as_of: Some(at(as_of)),
        ..SourceState::default()
    }
}

fn silent(name: &str) -> SourceState {
    SourceState { name: name.to_owned(), ..SourceState::default() }
}

fn broken(source: SourceState) -> SourceState {
    SourceState { trouble: Some("gone".to_owned()), ..source }
}

fn choose(now: i64, policy: Policy, sources: &[SourceState]) -> (Option<u32>, Health, Vec<String>) {
    shown(Chooser::new(policy, STALE_AFTER).choose(at(now), sources))
}

/// With the first origin in place of the snapshot.
fn shown(choice: Choice) -> (Option<u32>, Health, Vec<String>) {
    let snapshot = choice.snapshot;
    let first = snapshot.and_then(|data| data.vrps.iter().next().map(|vrp| vrp.asn().number()));
    (first, choice.health, choice.remarks)
}

#[test]
fn the_first_that_is_fresh_is_used() {
    let (one, two) = (data(&[1]), data(&[2]));
    let choice = |now, sources: &[SourceState]| choose(now, Policy::First, sources);
    let both = [source("a", &one, 0), source("b", &two, 0)];
    assert_eq!(choice(0, &both), (Some(1), Health::Fresh, vec![]));
    // Trouble alone is told, but the data is still good.
    let troubled = [broken(source("a", &one, 0)), source("b", &two, 50)];
    assert_eq!(choice(99, &troubled), (Some(1), Health::Fresh, vec!["a: gone".to_owned()]));
    // Too old: the next.
    let remarks = ["a: gone", "a: its data is of 1970-01-12T13:46:40Z"].map(str::to_owned).to_vec();
    assert_eq!(choice(100, &troubled), (Some(2), Health::Fresh, remarks));
    let late = [broken(silent("a")), source("b", &two, 0)];
    assert_eq!(choice(0, &late), (Some(2), Health::Fresh, vec!["a: gone".to_owned()]));
}

#[test]
fn where_all_are_stale_the_freshest_is_used_and_it_is_told() {
    let (one, two) = (data(&[1]), data(&[2]));
    for policy in [Policy::First, Policy::Agree] {
        let sources = [source("a", &one, 0), source("b", &two, 10)];
        let (used, health, remarks) = choose(200, policy, &sources);
        assert_eq!((used, health), (Some(2), Health::Stale { since: at(110) }));
        assert_eq!(remarks.len(), 2);
        let sources = [source("a", &one, 10), source("b", &two, 10)];
        assert_eq!(choose(200, policy, &sources).0, Some(1));
    }
}

#[test]
fn a_source_that_works_has_its_rhythm_on_top() {
    let slow = SourceState { rhythm: Duration::from_secs(50), ..source("a", &data(&[1]), 0) };
    let health =
        |now, source: &SourceState| choose(now, Policy::First, std::slice::from_ref(source)).1;
    assert_eq!(health(149, &slow), Health::Fresh);
    assert_eq!(health(150, &slow), Health::Stale { since: at(150) });
    assert_eq!(health(100, &broken(slow)), Health::Stale { since: at(100) });
}

#[test]
fn what_has_expired_is_not_used_and_it_is_told() {
    let expires = |source: SourceState, when| SourceState { expires: Some(at(when)), ..source };
    let sources =
        [expires(source("a", &data(&[1]), 0), 50), expires(source("b", &data(&[2]), 0), 60)];
    assert_eq!(choose(49, Policy::First, &sources).0, Some(1));
    let (used, health, remarks) = choose(50, Policy::First, &sources);
    assert_eq!((used, health), (Some(2), Health::Fresh));
    assert_eq!(remarks, ["a: its data has expired"]);
    let (used, health, _) = choose(60, Policy::First, &sources);
    assert_eq!((used, health), (None, Health::Expired { since: at(60) }));
    assert!(!health.is_usable());
}

#[test]
fn without_anything_it_waits() {
    for policy in [Policy::First, Policy::Agree] {
        assert_eq!(choose(0, policy, &[]), (None, Health::Waiting, vec![]));
        assert_eq!(choose(0, policy, &[silent("a")]), (None, Health::Waiting, vec![]));
    }
}

#[test]
fn those_that_must_agree_are_waited_for_but_not_for_ever() {
    let one = data(&[1]);
    let choice = |second| choose(0, Policy::Agree, &[source("a", &one, 0), second]);
    assert_eq!(choice(silent("b")), (None, Health::Waiting, vec![]));
    assert_eq!(choice(broken(silent("b"))), (Some(1), Health::Fresh, vec!["b: gone".to_owned()]));
    assert_eq!(choice(source("b", &data(&[1]), 0)), (Some(1), Health::Fresh, vec![]));
}

#[test]
fn a_dispute_keeps_what_was_agreed_on_for_a_while() {
    let mut chooser = Chooser::new(Policy::Agree, STALE_AFTER);
    let (old, new) = (data(&[1, 2]), data(&[2, 3, 4, 5]));
    let mut choose = |now, a: &Arc<RpkiSnapshot>, b: &Arc<RpkiSnapshot>| {
        shown(chooser.choose(at(now), &[source("a", a, now), source("b", b, now)]))
    };
    assert_eq!(choose(0, &old, &old), (Some(1), Health::Fresh, vec![]));
    let disputed = |used| {
        let how = "a and b disagree: 3 VRPs only in the one, 1 only in the other \
                   (198.18.0.0/21 AS1, 198.18.0.0/21 AS3, 198.18.0.0/21 AS4)";
        (Some(used), Health::Disputed { since: at(10) }, vec![how.to_owned()])
    };
    assert_eq!(choose(10, &new, &old), disputed(1));
    assert_eq!(choose(109, &new, &old), disputed(1));
    // Not for ever: then the first is believed.
    assert_eq!(choose(110, &new, &old), disputed(2));
    assert_eq!(choose(120, &new, &data(&[2, 3, 4, 5])), (Some(2), Health::Fresh, vec![]));
    // The next dispute is another one.
    assert_eq!(choose(130, &old, &new).1, Health::Disputed { since: at(130) });
}

#[test]
fn differences_are_of_vrps_and_of_aspas_where_both_have_some() {
    let expiring = RpkiSnapshot::of(VrpTable::with_expiry(
        data(&[1]).vrps.iter().map(|vrp| (vrp, Some(at(0)))),
    ));
    assert_eq!(difference(&data(&[1]), &expiring), None);
    assert_eq!(
        difference(&data(&[]), &data(&[1])),
        Some("0 VRPs only in the one, 1 only in the other (198.18.0.0/21 AS1)".to_owned())
    );
    let aspa = |provider| {
        let mut snapshot = RpkiSnapshot::default();
        snapshot.aspas.add(Asn::new(64_500), [Asn::new(provider)]);
        snapshot
    };
    assert_eq!(difference(&aspa(1), &RpkiSnapshot::default()), None);
    assert_eq!(difference(&aspa(1), &aspa(2)), Some("they have other ASPAs".to_owned()));
}

#[test]
fn skipped_entries_are_told() {
    let mut snapshot = RpkiSnapshot::clone(&data(&[1]));
    snapshot.skipped.count = 3;
    snapshot.skipped.reasons = vec!["entry 7: nonsense".to_owned()];
    let (_, health, remarks) = choose(0, Policy::First, &[source("a", &Arc::new(snapshot), 0)]);
    assert_eq!(health, Health::Fresh);
    assert_eq!(remarks, ["a: 3 entries skipped, the first: entry 7: nonsense"]);
}

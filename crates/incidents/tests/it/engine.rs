use bgp::{AsPath, Asn, Segment};
use incidents::{ExtentClass, IncidentChange, State};
use validator::{IncidentKind, Origins, RpkiSnapshot, Severity, VrpTable};

use crate::lab::{DAY, FIRST, Lab, MINUTE, SECOND, at, line, prefix, rules, watch};

#[test]
fn one_incident_from_first_sight_to_reopened() {
    let mut lab = Lab::with_baseline();
    lab.hijack(5, 10, FIRST);
    assert_eq!(lab.timeline(), []);
    lab.hijack(41, 13, FIRST);
    lab.hijack(50, 10, SECOND);
    lab.tick(15 * MINUTE + 50);
    lab.recover(3600, 10, FIRST);
    lab.withdraw(3601, 13, FIRST);
    lab.recover(3700, 10, SECOND);
    lab.tick(3700 + 15 * MINUTE);
    lab.hijack(DAY, 10, FIRST);
    lab.hijack(DAY + 1, 13, FIRST);
    assert_eq!(
        lab.timeline(),
        [
            line(41, "OPEN", 2),
            // It is worse, and does not wait for the interval of updates.
            line(50, "UPDATE 01", 2),
            line(3700 + 15 * MINUTE, "RESOLVED", 0),
            line(DAY + 1, "REOPENED", 2),
        ]
    );
    let [opened, update, resolved, reopened] = lab.notices.as_slice() else { panic!() };
    assert_eq!(
        opened.incident.message_id(opened.sequence),
        format!("<{}.0@originwatch>", opened.incident)
    );
    assert!(lab.notices.iter().all(|notice| notice.incident == opened.incident));
    assert_eq!([0, 1, 2, 3], [opened, update, resolved, reopened].map(|n| n.sequence));
    assert_eq!(opened.first_seen, at(5));
    assert_eq!(update.changes, [IncidentChange::Prefix(prefix(SECOND))]);
    assert_eq!((resolved.last_seen, resolved.vantage.ever), (at(3700), 2));
    assert_eq!((reopened.first_seen, reopened.since), (at(5), at(DAY)));
    assert_eq!(reopened.record.len(), 1);
    assert_eq!(reopened.record[0].prefixes, 2);
    assert_eq!(opened.accepted_by[0].party.label(), "AS4651 THAI-GATEWAY, TH");
    assert_eq!(opened.accepted_by.len(), 1);
    assert_eq!(opened.vantage.home.unwrap().total, 4);
    assert_eq!(opened.vantage.home.unwrap().holding, 0);
}

#[test]
fn two_sessions_of_one_as_are_one_vantage_as() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(1, 1010, FIRST);
    assert_eq!(lab.timeline(), []);
    lab.hijack(2, 11, FIRST);
    assert_eq!(lab.timeline(), [line(2, "OPEN", 3)]);
    assert_eq!(lab.last().vantage.holding_ases, 2);
}

#[test]
fn the_threshold_counts_holders_at_the_same_time() {
    let mut lab = Lab::with_baseline();
    for round in 0..20 {
        let n = 10 + u32::try_from(round).unwrap();
        lab.hijack(round * 10, n, FIRST);
        lab.recover(round * 10 + 5, n, FIRST);
    }
    assert_eq!(lab.timeline(), []);
    assert!(lab.incidents.view().summaries().is_empty());
}

#[test]
fn holders_of_different_watches_do_not_add_up_to_the_threshold() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, SECOND);
    assert_eq!(lab.timeline(), []);
    assert_eq!(lab.incidents.view().summaries()[0].state, State::Suspected);
}

#[test]
fn a_watch_may_have_its_own_threshold() {
    let mut strict = watch(FIRST);
    strict.min_vantage_ases = Some(3);
    let mut lab = Lab::with(vec![strict, watch(SECOND)], rules());
    lab.hijack(0, 10, FIRST);
    lab.hijack(1, 11, FIRST);
    assert_eq!(lab.timeline(), []);
    lab.hijack(2, 12, FIRST);
    assert_eq!(lab.timeline(), [line(2, "OPEN", 3)]);
}

#[test]
fn a_router_of_our_own_is_believed_alone_and_counts_for_others_too() {
    let own = |min| {
        let mut rules = rules();
        rules.min_vantage_ases = 3;
        rules.min_vantage_ases_of = [("rrc00".to_owned(), min)].into();
        Lab::with(vec![watch(FIRST)], rules)
    };
    let mut lab = own(1);
    lab.hijack(0, 10, FIRST);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 1)]);
    let mut lab = own(2);
    lab.hijack(0, 10, FIRST);
    assert_eq!(lab.timeline(), []);
    lab.hijack(1, 11, FIRST);
    assert_eq!(lab.timeline(), [line(1, "OPEN", 2)]);
}

#[test]
fn a_session_that_goes_down_takes_its_routes_along() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    assert_eq!(lab.last().vantage.total, 40);
    lab.down(100, 10);
    lab.down(200, 11);
    lab.tick(200 + 15 * MINUTE);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(200 + 15 * MINUTE, "RESOLVED", 0)]);
    assert_eq!(lab.last().vantage.total, 38);
}

#[test]
fn what_flaps_while_it_clears_is_not_told_again() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    for round in 1..30 {
        let second = round * 10 * MINUTE;
        lab.recover(second, 10, FIRST);
        lab.recover(second, 11, FIRST);
        lab.hijack(second + 5 * MINUTE, 10, FIRST);
        lab.hijack(second + 5 * MINUTE, 11, FIRST);
    }
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2)]);
}

#[test]
fn updates_are_gathered_and_never_closer_than_their_interval() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    for n in 12..40 {
        lab.hijack(i64::from(n) * MINUTE, n, FIRST);
    }
    lab.announce(41 * MINUTE, 3, FIRST, &[103, 64510, 4761]);
    lab.tick(3 * 3600);
    assert_eq!(
        lab.timeline(),
        [
            line(0, "OPEN", 2),
            // What is due comes before what is seen at the same moment: 10 to 14, not 15.
            line(15 * MINUTE, "UPDATE 01", 5),
            line(30 * MINUTE, "UPDATE 02", 20),
            // Our country and our upstream do not wait.
            line(41 * MINUTE, "UPDATE 03", 31),
        ]
    );
    let changes: Vec<_> = lab.notices.iter().map(|notice| notice.changes.clone()).collect();
    assert_eq!(changes[1], [IncidentChange::SpreadPast(10)]);
    assert_eq!(changes[2], [IncidentChange::SpreadPast(25)]);
    assert_eq!(
        changes[3],
        [
            IncidentChange::SeenIn("GB".parse().unwrap()),
            IncidentChange::Upstream(Asn::new(64510)),
            IncidentChange::AcceptedBy(Asn::new(64510)),
            IncidentChange::SpreadPast(75),
        ]
    );
    assert!(lab.last().upstreams[0].affected && !lab.last().upstreams[1].affected);
}

#[test]
fn after_a_long_quiet_time_a_change_is_told_at_once() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.hijack(3600, 12, SECOND);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(3600, "UPDATE 01", 3)]);
}

#[test]
fn a_repeat_after_the_reopen_time_is_a_new_incident_with_a_record() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.recover(60, 10, FIRST);
    lab.recover(60, 11, FIRST);
    lab.tick(8 * DAY);
    lab.hijack(9 * DAY, 10, FIRST);
    lab.hijack(9 * DAY, 11, FIRST);
    let [opened, resolved, again] = lab.notices.as_slice() else { panic!() };
    assert_eq!([opened, resolved, again].map(|n| n.status()), ["OPEN", "RESOLVED", "OPEN"]);
    assert_ne!(again.incident, opened.incident);
    assert_eq!(again.record.len(), 1);
    assert_eq!(again.record[0].incident, opened.incident);
    assert_eq!((again.sequence, again.first_seen), (0, at(9 * DAY)));
}

#[test]
fn a_remnant_that_outlives_the_reopen_time_is_a_suspicion_of_its_own() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.recover(60, 10, FIRST);
    lab.recover(60, 11, FIRST);
    lab.tick(DAY);
    lab.hijack(2 * DAY, 12, FIRST);
    lab.tick(9 * DAY);
    let summaries = lab.incidents.view().summaries();
    assert_eq!(summaries.len(), 1);
    assert_eq!((summaries[0].state, summaries[0].holding), (State::Suspected, 1));
    lab.hijack(9 * DAY, 13, FIRST);
    assert_eq!(lab.last().status(), "OPEN");
    assert_eq!(lab.last().first_seen, at(2 * DAY));
}

#[test]
fn all_hijack_kinds_of_one_offender_are_one_incident_and_other_offenders_are_not() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    lab.hijack(1, 10, "198.18.9.0/24");
    lab.announce(2, 12, FIRST, &[112, 666]);
    lab.announce(2, 13, FIRST, &[113, 666]);
    let summaries = lab.incidents.view().summaries();
    let offenders: Vec<u32> = summaries.iter().map(|s| s.offenders[0].asn.number()).collect();
    assert_eq!(offenders, [4761, 666]);
    assert_eq!(summaries[0].prefixes, [prefix(FIRST), prefix("198.18.9.0/24")]);
    assert_eq!(summaries[0].kind, IncidentKind::OriginHijack);
}

#[test]
fn add_path_routes_of_one_vantage_point_stand_side_by_side() {
    let mut lab = Lab::with_baseline();
    let path = || AsPath::sequence([110, 4651, 4761]);
    lab.announce_path(0, 10, FIRST, 1, path());
    lab.announce_path(0, 10, FIRST, 2, path());
    lab.hijack(0, 11, FIRST);
    assert_eq!(lab.last().vantage.holding, 2);
    lab.recover(60, 11, FIRST);
    lab.announce_path(60, 10, FIRST, 1, AsPath::sequence([110, 64510, 64500]));
    assert_eq!(lab.incidents.view().summaries()[0].state, State::Open);
    lab.announce_path(61, 10, FIRST, 2, AsPath::sequence([110, 64510, 64500]));
    assert_eq!(lab.incidents.view().summaries()[0].state, State::Clearing);
}

#[test]
fn of_an_as_set_only_the_foreign_member_is_the_offender() {
    let mut lab = Lab::with_baseline();
    let set = |n: u32| {
        let asns = |list: &[u32]| list.iter().copied().map(Asn::new).collect();
        AsPath::new([
            Segment::Sequence(asns(&[100 + n, 3356])),
            Segment::Set(asns(&[64500, 64670])),
        ])
    };
    lab.announce_path(0, 10, FIRST, 0, set(10));
    lab.announce_path(0, 11, FIRST, 0, set(11));
    let offenders: Vec<_> = lab.last().offenders.iter().map(|party| party.asn).collect();
    assert_eq!(offenders, [Asn::new(64670)]);
    assert_eq!(lab.last().accepted_by[0].party.asn, Asn::new(3356));
}

#[test]
fn a_super_prefix_is_a_notice_and_a_warning_once_our_own_route_is_lost() {
    let mut lab = Lab::with_baseline();
    lab.announce(0, 10, "198.18.0.0/16", &[110, 3356, 666]);
    lab.announce(0, 11, "198.18.0.0/16", &[111, 3356, 666]);
    assert_eq!(
        (lab.last().kind, lab.last().severity),
        (IncidentKind::SuperPrefix, Severity::Notice)
    );
    assert_eq!(lab.last().prefix_count, 2);
    lab.withdraw(60, 20, FIRST);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(60, "UPDATE 01", 2)]);
    assert_eq!(lab.last().severity, Severity::Warning);
    assert_eq!(lab.last().changes, [IncidentChange::Severity(Severity::Warning)]);
}

#[test]
fn a_leak_of_many_networks_is_mass_and_a_pinprick_is_targeted() {
    let mut lab = Lab::with_baseline();
    for n in 0..50 {
        lab.hijack(0, 10, &format!("203.{n}.0.0/16"));
    }
    lab.hijack(1, 10, FIRST);
    lab.hijack(1, 11, FIRST);
    let extent = lab.last().extent;
    assert_eq!((extent.class, extent.prefixes, extent.origins), (ExtentClass::Mass, 50, 50));
    lab.announce(2, 12, SECOND, &[112, 666]);
    lab.announce(2, 13, SECOND, &[113, 666]);
    let extent = lab.last().extent;
    assert_eq!((extent.class, extent.prefixes, extent.origins), (ExtentClass::Targeted, 0, 0));
}

#[test]
fn that_it_became_mass_is_news() {
    let mut lab = Lab::with_baseline();
    lab.hijack(1, 10, FIRST);
    lab.hijack(1, 11, FIRST);
    for n in 0..50 {
        lab.hijack(16 * MINUTE, 10, &format!("203.{n}.0.0/16"));
    }
    assert_eq!(lab.last().changes, [IncidentChange::Mass]);
    assert_eq!(lab.notices.len(), 2);
}

#[test]
fn a_prefix_of_our_own_outside_every_watch_comes_and_goes() {
    let mut lab = Lab::with_baseline();
    lab.announce(0, 10, "45.83.220.0/22", &[110, 64510, 64500]);
    lab.announce(0, 11, "45.83.220.0/22", &[111, 64510, 64500]);
    assert_eq!(
        (lab.last().kind, lab.last().severity),
        (IncidentKind::OwnAsNewPrefix, Severity::Warning)
    );
    lab.withdraw(10, 10, "45.83.220.0/22");
    lab.announce(10, 11, "45.83.220.0/22", &[111, 64999]);
    lab.tick(3600);
    assert_eq!(lab.last().status(), "RESOLVED");
}

#[test]
fn squatting_is_critical_whoever_does_it() {
    let mut idle = watch("192.0.2.0/24");
    idle.announced = false;
    idle.max_length = 24;
    let mut lab = Lab::with(vec![idle], rules());
    lab.announce(0, 10, "192.0.2.0/25", &[110, 64500]);
    lab.announce(0, 11, "192.0.2.0/25", &[111, 64500]);
    assert_eq!(
        (lab.last().kind, lab.last().severity),
        (IncidentKind::Squatting, Severity::Critical)
    );
}

#[test]
fn where_any_origin_is_allowed_only_more_specifics_matter() {
    let mut anycast = watch("192.0.2.0/23");
    anycast.origins = Origins::Any;
    let mut lab = Lab::with(vec![anycast], rules());
    lab.announce(0, 10, "192.0.2.0/23", &[110, 7]);
    lab.announce(0, 11, "192.0.2.0/23", &[111, 7]);
    assert_eq!(lab.timeline(), []);
    lab.announce(0, 10, "192.0.2.0/25", &[110, 7]);
    lab.announce(0, 11, "192.0.2.0/25", &[111, 7]);
    assert_eq!(lab.last().kind, IncidentKind::NewMoreSpecific);
}

#[test]
fn a_roa_that_goes_wrong_makes_an_incident_without_a_message_and_mending_it_ends_it() {
    let mut lab = Lab::with_baseline();
    let good = lab.classifier.snapshot().clone();
    let wrong = validator::Vrp::new(prefix(FIRST), 21, Asn::new(64999)).unwrap();
    let judge_again = |lab: &mut Lab, second, snapshot| {
        lab.classifier = lab.classifier.with_snapshot(snapshot);
        let classifier = lab.classifier.clone();
        lab.incidents.judge_again(at(second), |p, route, v| classifier.judge(p, route, v));
        lab.drain();
    };
    let other = validator::Vrp::new(prefix(SECOND), 24, Asn::new(64500)).unwrap();
    judge_again(&mut lab, 0, RpkiSnapshot::of(VrpTable::new([wrong, other])).into());
    assert_eq!(
        (lab.last().kind, lab.last().severity),
        (IncidentKind::RpkiInvalid, Severity::Critical)
    );
    judge_again(&mut lab, 60, good);
    lab.tick(3600);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(60 + 15 * MINUTE, "RESOLVED", 0)]);
}

#[test]
fn the_end_of_input_tells_what_was_gathered_and_what_is_open() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    // The third of forty is past 5 %.
    lab.hijack(60, 12, FIRST);
    lab.incidents.finish(at(61));
    lab.drain();
    assert_eq!(lab.timeline(), [line(0, "OPEN", 2), line(61, "UPDATE 01", 3)]);
    assert_eq!(lab.incidents.view().open().len(), 1);
}

#[test]
fn a_strange_first_hop_is_a_warning_and_critical_before_a_more_specific() {
    let mut strict = watch(FIRST);
    strict.upstreams = Some(vec![Asn::new(64510), Asn::new(64511)]);
    let mut lab = Lab::with(vec![strict], rules());
    lab.announce(0, 10, FIRST, &[110, 64510, 64500, 64500]);
    lab.announce(0, 11, FIRST, &[111, 666, 64500]);
    lab.announce(0, 12, FIRST, &[112, 666, 64500]);
    let notice = lab.last();
    assert_eq!((notice.kind, notice.severity), (IncidentKind::FirstHop, Severity::Warning));
    assert_eq!(notice.offenders[0].asn, Asn::new(666));
    assert_eq!(notice.vantage.holding, 2);
    lab.announce(60, 12, "198.18.1.0/24", &[112, 666, 64500]);
    assert_eq!(lab.last().severity, Severity::Critical);
    assert_eq!(lab.notices.len(), 2);
}

#[test]
fn a_path_that_aspa_forbids_is_a_leak_by_the_as_at_the_valley() {
    let mut lab = Lab::with_baseline();
    // 64500 buys from 64510; 64510 and 3356 buy from nobody; 666 buys from both and passes on.
    let mut snapshot = (**lab.classifier.snapshot()).clone();
    let providers: [(u32, &[u32]); 4] =
        [(64500, &[64510]), (64510, &[0]), (3356, &[0]), (666, &[64510, 3356])];
    for (customer, of) in providers {
        snapshot.aspas.add(Asn::new(customer), of.iter().copied().map(Asn::new));
    }
    lab.classifier = lab.classifier.with_snapshot(snapshot.into());
    lab.announce(0, 10, FIRST, &[3356, 666, 64510, 64500]);
    lab.announce(0, 11, FIRST, &[111, 3356, 666, 64510, 64500]);
    let notice = lab.last();
    assert_eq!((notice.kind, notice.severity), (IncidentKind::RouteLeak, Severity::Warning));
    assert_eq!(notice.offenders[0].asn, Asn::new(666));
}

#[test]
fn a_roa_that_vanishes_is_told_and_one_that_comes_back_ends_it() {
    let mut lab = Lab::with_baseline();
    let good = lab.classifier.snapshot().clone();
    let judge_again = |lab: &mut Lab, second, snapshot| {
        lab.classifier = lab.classifier.with_snapshot(snapshot);
        let classifier = lab.classifier.clone();
        lab.incidents.judge_again(at(second), |p, route, v| classifier.judge(p, route, v));
        lab.drain();
    };
    judge_again(&mut lab, 0, RpkiSnapshot::of(VrpTable::new([])).into());
    assert_eq!(
        (lab.last().kind, lab.last().severity),
        (IncidentKind::RpkiUncovered, Severity::Warning)
    );
    assert_eq!(lab.last().prefix_count, 2);
    judge_again(&mut lab, 60, good);
    lab.tick(3600);
    assert_eq!(lab.timeline()[1], line(60 + 15 * MINUTE, "RESOLVED", 0));
}

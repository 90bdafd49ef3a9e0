use bgp::Asn;
use validator::{RpkiSnapshot, Vrp, VrpTable};

use super::*;
use crate::rtr::pdu::Scope;
use rpki::rtr::payload::Action;

fn vrp(asn: u32) -> Vrp {
    Vrp::new("198.18.0.0/21".parse().unwrap(), 24, Asn::new(asn)).unwrap()
}

fn announce(asn: u32) -> Pdu {
    Pdu::Prefix { action: Action::Announce, vrp: vrp(asn) }
}

fn withdraw(asn: u32) -> Pdu {
    Pdu::Prefix { action: Action::Withdraw, vrp: vrp(asn) }
}

fn aspa(action: Action, scope: Scope, providers: &[u32]) -> Pdu {
    let providers = providers.iter().copied().map(Asn::new).collect();
    Pdu::Aspa { action, customer: Asn::new(64_500), scope, providers }
}

const RESPONSE: Pdu = Pdu::CacheResponse { session: 7 };

fn notify(session: u16, serial: u32) -> Pdu {
    Pdu::SerialNotify { session, serial }
}

fn end(serial: u32) -> Pdu {
    Pdu::EndOfData { session: 7, serial, timing: None }
}

fn serial_query(serial: u32) -> Query {
    Query::Serial { session: 7, serial }
}

/// What the session wants after these, in version 2; whole answers are settled as the client does.
fn feed(
    session: &mut Session,
    pdus: impl IntoIterator<Item = Pdu>,
) -> Result<Option<Query>, String> {
    let version = session.version();
    let mut query = None;
    for pdu in pdus {
        let step = session.handle(version, pdu).map_err(|error| error.to_string())?;
        let step = match step {
            Step::Complete(answer) => {
                let holdings = answer.intake.finish("cache");
                session.settle(answer.known, holdings)
            }
            step => step,
        };
        match step {
            Step::Wait => {}
            Step::Ask(asked) => query = Some(asked),
            Step::Complete(_) => unreachable!("settling is no answer"),
        }
    }
    Ok(query)
}

fn asns(session: &Session) -> Vec<u32> {
    session.holdings().snapshot.vrps.iter().map(|vrp| vrp.asn().number()).collect()
}

/// A session that has these at serial 1.
fn synchronised(asns: &[u32]) -> Session {
    let mut session = Session::default();
    assert_eq!(session.connected(), Query::Reset);
    let answer = asns.iter().copied().map(announce).chain([end(1)]);
    assert_eq!(feed(&mut session, [RESPONSE].into_iter().chain(answer)), Ok(None));
    session
}

#[test]
fn a_reset_brings_all_and_a_serial_query_the_changes() {
    let mut session = synchronised(&[1, 2]);
    assert_eq!(asns(&session), [1, 2]);
    assert_eq!(session.ask(), serial_query(1));
    let changes = [RESPONSE, announce(3), withdraw(1), announce(1), withdraw(2), end(2)];
    assert_eq!(feed(&mut session, changes), Ok(None));
    assert_eq!(asns(&session), [1, 3]);
    // The next connection goes on from there.
    assert!(!session.disconnected(true));
    assert_eq!(session.connected(), serial_query(2));
}

#[test]
fn the_snapshot_holds_what_the_cache_says_and_where_from() {
    let mut session = Session::default();
    session.connected();
    let keys = [Action::Announce, Action::Announce].map(|action| Pdu::RouterKey { action });
    let aspas = [
        aspa(Action::Announce, Scope::Family(0), &[1]),
        aspa(Action::Announce, Scope::Family(1), &[2]),
        aspa(Action::Announce, Scope::Family(1), &[3]),
    ];
    let answer = [RESPONSE].into_iter().chain(keys).chain(aspas).chain([announce(9), end(1)]);
    feed(&mut session, answer).unwrap();
    let mut expected = RpkiSnapshot::of(VrpTable::new([vrp(9)])).with_source("cache");
    // Each family has its own; the later replaces the earlier of the same family.
    expected.aspas.add(Asn::new(64_500), [1, 3].map(Asn::new));
    expected.router_keys = 2;
    assert_eq!(*session.holdings().snapshot, expected);

    session.ask();
    let changes = [
        RESPONSE,
        aspa(Action::Withdraw, Scope::Family(0), &[]),
        Pdu::RouterKey { action: Action::Withdraw },
        end(2),
    ];
    feed(&mut session, changes).unwrap();
    expected.aspas.replace(Asn::new(64_500), [Asn::new(3)]);
    expected.router_keys = 1;
    assert_eq!(*session.holdings().snapshot, expected);
}

#[test]
fn an_empty_change_keeps_the_very_snapshot() {
    let mut session = synchronised(&[1]);
    let before = session.holdings().snapshot.clone();
    assert_eq!(feed(&mut session, [notify(7, 2)]), Ok(Some(serial_query(1))));
    assert_eq!(feed(&mut session, [RESPONSE, end(2)]), Ok(None));
    assert!(std::sync::Arc::ptr_eq(&before, &session.holdings().snapshot));
    assert_eq!(session.ask(), serial_query(2));
}

#[test]
fn what_we_have_stays_until_all_of_the_new_is_there() {
    let mut session = synchronised(&[1]);
    session.ask();
    feed(&mut session, [Pdu::CacheReset, RESPONSE, announce(2)]).unwrap();
    assert_eq!(asns(&session), [1]);
    assert!(!session.disconnected(true));
    assert_eq!((asns(&session), session.connected()), (vec![1], Query::Reset));
    feed(&mut session, [RESPONSE, announce(2), end(5)]).unwrap();
    assert_eq!(asns(&session), [2]);
}

#[test]
fn a_notify_is_followed_at_any_moment() {
    // Before anything is agreed on it says nothing (RFC 8210 section 7).
    let mut session = Session::default();
    session.connected();
    assert_eq!(session.handle(0, notify(7, 9)).map(|step| matches!(step, Step::Wait)), Ok(true));
    // Between query and answer, and among the payloads: asked for after the end.
    for at in 1..=3 {
        let mut session = synchronised(&[1]);
        session.ask();
        let mut pdus = vec![RESPONSE, announce(2), end(2)];
        pdus.insert(at - 1, notify(7, 3));
        assert_eq!(feed(&mut session, pdus), Ok(Some(serial_query(2))), "at {at}");
    }
    // Of what has just come, nothing.
    let mut session = synchronised(&[1]);
    assert_eq!(feed(&mut session, [notify(7, 1)]), Ok(None));
    // Of another session: everything is new.
    assert_eq!(feed(&mut session, [notify(8, 1)]), Ok(Some(Query::Reset)));
    assert_eq!(asns(&session), [1]);
}

#[test]
fn a_cache_reset_is_answered_with_a_reset_query() {
    let mut session = synchronised(&[1]);
    session.ask();
    assert_eq!(feed(&mut session, [Pdu::CacheReset]), Ok(Some(Query::Reset)));
    assert_eq!(feed(&mut session, [RESPONSE, announce(2), end(1)]), Ok(None));
    assert_eq!(asns(&session), [2]);
}

#[test]
fn what_cannot_be_ends_the_session_and_keeps_the_data() {
    let response = Pdu::CacheResponse { session: 8 };
    let other_end = Pdu::EndOfData { session: 8, serial: 2, timing: None };
    let unknown = aspa(Action::Withdraw, Scope::Any, &[]);
    let reported = Pdu::Error { code: 1, text: "out of memory".to_owned() };
    for (pdus, complaint, code) in [
        (vec![response], "session 8 in the answer, expected 7", Some(0)),
        (vec![RESPONSE, other_end], "session 8 in the answer, expected 7", Some(0)),
        (vec![RESPONSE, RESPONSE], "a Cache Response where none is due", Some(3)),
        (vec![RESPONSE, Pdu::CacheReset], "a Cache Reset where none is due", Some(3)),
        (vec![announce(2)], "a payload where none is due", Some(3)),
        (vec![end(2)], "an End of Data where none is due", Some(3)),
        (vec![RESPONSE, announce(1)], "198.18.0.0/21-24 AS1 is announced twice", Some(7)),
        (
            vec![RESPONSE, announce(2), announce(2)],
            "198.18.0.0/21-24 AS2 is announced twice",
            Some(7),
        ),
        (
            vec![RESPONSE, withdraw(2)],
            "198.18.0.0/21-24 AS2 is withdrawn, but was never announced",
            Some(6),
        ),
        (
            vec![RESPONSE, unknown],
            "the ASPA of AS64500 is withdrawn, but was never announced",
            Some(6),
        ),
        (vec![Pdu::Error { code: 2, text: String::new() }], "the cache has no data yet", None),
        (vec![reported], "the cache reports error 1: out of memory", None),
    ] {
        let mut session = synchronised(&[1]);
        assert_eq!(session.ask(), serial_query(1));
        let mut errors = pdus.into_iter().filter_map(|pdu| session.handle(2, pdu).err());
        let error = errors.next().unwrap();
        assert_eq!(
            (error.to_string().as_str(), error.code().map(|code| code.0)),
            (complaint, code)
        );
        assert_eq!(errors.next(), None);
        drop(errors);
        assert!(!session.disconnected(false));
        // What went wrong with the changes is not tried again.
        assert_eq!((session.connected(), asns(&session)), (Query::Reset, vec![1]), "{complaint}");
    }
}

#[test]
fn a_whole_set_takes_duplicates_and_no_withdrawals() {
    let mut session = Session::default();
    session.connected();
    feed(&mut session, [RESPONSE, announce(1), announce(1), end(1)]).unwrap();
    assert_eq!(asns(&session), [1]);
    let mut session = Session::default();
    session.connected();
    let complaint = "198.18.0.0/21-24 AS1 is withdrawn, but was never announced";
    assert_eq!(feed(&mut session, [RESPONSE, withdraw(1)]), Err(complaint.to_owned()));
}

#[test]
fn too_many_payloads_end_the_session() {
    let mut session = synchronised(&[1]);
    session.known = None;
    session.ask();
    session.handle(2, RESPONSE).unwrap();
    let providers: Vec<u32> = (0..16_000).collect();
    let flood = || aspa(Action::Announce, Scope::Any, &providers);
    let refused = (0..).find_map(|_| session.handle(2, flood()).err()).unwrap();
    assert_eq!(refused.to_string(), "more than 4000000 payloads");
    assert_eq!(asns(&session), [1]);
}

#[test]
fn the_version_goes_down_until_the_cache_answers() {
    // It says which it does not know, or just closes.
    for refusal in [true, false] {
        let mut session = Session::default();
        for version in [2, 1, 0] {
            assert_eq!((session.connected(), session.version()), (Query::Reset, version));
            if refusal {
                let error = Pdu::Error { code: 4, text: String::new() };
                let complaint = session.handle(0, error).unwrap_err();
                assert_eq!(complaint, SessionError::Unsupported(version));
            }
            assert_eq!(session.disconnected(true), version > 0);
        }
        // None at all: wait, then try from the top.
        assert_eq!((session.connected(), session.version()), (Query::Reset, 2));
    }
}

#[test]
fn a_cache_may_answer_in_an_older_version_and_then_keeps_to_it() {
    let mut session = Session::default();
    session.connected();
    session.handle(1, RESPONSE).unwrap();
    assert_eq!(session.version(), 1);
    let error = session.handle(2, announce(1)).unwrap_err();
    assert_eq!(error, SessionError::Version { found: 2, expected: 1 });
    assert_eq!(error.code(), Some(ErrorCode(8)));
}

/// StayRTR closes without a word when it is asked about a session that it does not know.
#[test]
fn a_cache_that_closes_on_a_serial_query_is_asked_for_all_in_the_same_version() {
    let mut session = synchronised(&[1]);
    assert!(!session.disconnected(true));
    assert_eq!(session.connected(), serial_query(1));
    assert!(session.disconnected(true));
    assert_eq!((session.connected(), session.version()), (Query::Reset, 2));
}

#[test]
fn after_a_session_that_worked_the_newest_version_is_tried_again() {
    let mut session = Session::default();
    session.connected();
    session.disconnected(true);
    assert_eq!(session.connected(), Query::Reset);
    feed(&mut session, [RESPONSE, announce(1), end(1)]).unwrap();
    assert_eq!(session.version(), 1);
    assert!(!session.disconnected(true));
    // Session ids of other versions have nothing to do with each other: all of it, please.
    assert_eq!((session.connected(), session.version()), (Query::Reset, 2));
    // It still closes on that: back, and the serial of that version is good.
    assert!(session.disconnected(true));
    assert_eq!((session.connected(), session.version()), (serial_query(1), 1));
}

use std::time::Duration;

use rpki_sources::{Health, load_once};

use super::cache::FakeCache;
use crate::play::proxy::{self, Fault};
use crate::play::rtr::{first, follow_port, rtr, until, until_vrps, vrps};

const ONE: &str = "198.18.0.0/21-24 AS1";
const TWO: &str = "198.18.0.0/21-24 AS2";
const THREE: &str = "198.18.0.0/21-24 AS3";

#[tokio::test]
async fn changes_resets_and_new_sessions_are_followed() {
    let (mut cache, port) = FakeCache::start(&[1, 2]).await;
    let mut rpki = follow_port(port);
    let state = until_vrps(&mut rpki, &[ONE, TWO]).await;
    assert_eq!((state.health, state.remarks), (Health::Fresh, vec![]));
    cache.change(&[2, 3]);
    until_vrps(&mut rpki, &[TWO, THREE]).await;
    cache.forget(&[1]);
    until_vrps(&mut rpki, &[ONE]).await;
    cache.restart(&[3]);
    let state = until_vrps(&mut rpki, &[THREE]).await;
    assert_eq!((state.health, state.remarks), (Health::Fresh, vec![]));
}

/// After this fault in the answer that brings the change, the old data is there with a complaint;
/// after it is gone, the new.
async fn spoiled(fault: Fault, complaint: &str) {
    let (mut cache, server) = FakeCache::start(&[1]).await;
    let (saboteur, port) = proxy::start(server).await;
    let mut rpki = follow_port(port);
    until_vrps(&mut rpki, &[ONE]).await;
    saboteur.set(Some(fault));
    cache.change(&[1, 2]);
    let state = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    assert_eq!(state.remarks, [format!("rtr://127.0.0.1:{port}: {complaint}")]);
    assert_eq!((vrps(&state), state.health), (vec![ONE.to_owned()], Health::Fresh));
    saboteur.set(None);
    let state = until_vrps(&mut rpki, &[ONE, TWO]).await;
    assert_eq!((state.health, state.remarks), (Health::Fresh, vec![]));
}

/// The octets that follow a change: a notify (0-11), a Cache Response (12-19), a prefix (20-39),
/// End of Data (40-63).
#[tokio::test]
async fn a_length_that_lies_costs_the_session() {
    spoiled(Fault::Patch(27, 21), "a PDU of type 4 says it has 21 octets").await;
}

#[tokio::test]
async fn a_length_of_gigabytes_costs_the_session() {
    spoiled(Fault::Patch(24, 255), "a PDU of type 4 says it has 4278190100 octets").await;
}

#[tokio::test]
async fn another_session_in_the_response_costs_the_session() {
    spoiled(Fault::Patch(15, 9), "session 9 in the answer, expected 7").await;
}

#[tokio::test]
async fn another_session_at_the_end_costs_the_session() {
    spoiled(Fault::Patch(43, 9), "session 9 in the answer, expected 7").await;
}

#[tokio::test]
async fn another_version_among_the_payloads_costs_the_session() {
    spoiled(Fault::Patch(20, 1), "protocol version 1 in a session of version 2").await;
}

#[tokio::test]
async fn an_impossible_prefix_costs_the_session() {
    spoiled(Fault::Patch(29, 33), "a prefix PDU with prefix length 33, max length 24").await;
}

#[tokio::test]
async fn garbage_costs_the_session() {
    spoiled(Fault::Patch(21, 0xff), "a PDU of unknown type 255").await;
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_payload_costs_nothing_else() {
    spoiled(Fault::CutAt(30), "the cache closed the connection").await;
}

#[tokio::test]
async fn a_withdrawal_of_what_was_never_there_costs_the_session() {
    spoiled(Fault::Patch(28, 0), "198.18.0.0/21-24 AS2 is withdrawn, but was never announced")
        .await;
}

#[tokio::test]
async fn one_load_says_why_it_failed_and_takes_the_next_source() {
    let (_cache, good) = FakeCache::start(&[1]).await;
    let (_other, server) = FakeCache::start(&[2]).await;
    let (saboteur, bad) = proxy::start(server).await;
    let limit = Duration::from_secs(20);
    for (fault, complaint) in [
        (Fault::Refuse, "the cache closed the connection"),
        (Fault::CutAt(17), "the cache closed the connection"),
        (Fault::Patch(8, 77), "protocol version 77 is not known"),
    ] {
        saboteur.set(Some(fault));
        let complaint = format!("rtr://127.0.0.1:{bad}: {complaint}");
        let alone = load_once(&first(vec![rtr(bad)], vec![]), None, limit).await;
        assert_eq!(alone.unwrap_err().to_string(), complaint);
        saboteur.set(Some(fault));
        let sources = first(vec![rtr(bad), rtr(good)], vec![]);
        let (snapshot, notes) = load_once(&sources, None, limit).await.unwrap();
        let loaded: Vec<_> = snapshot.vrps.iter().map(|vrp| vrp.to_string()).collect();
        assert_eq!((loaded, notes), (vec![ONE.to_owned()], vec![complaint]));
    }
}

/// A port where something accepts, and says nothing for ever.
#[tokio::test]
async fn a_cache_that_never_answers_costs_one_limit() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let error = load_once(&first(vec![rtr(port)], vec![]), None, Duration::from_secs(1)).await;
    let complaint = format!("rtr://127.0.0.1:{port}: no complete answer within 1 s");
    assert_eq!(error.unwrap_err().to_string(), complaint);
}

/// StayRTR, and every other, says "zero" when its own source is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_loses_all_its_data_is_held_back() {
    let (mut cache, port) = FakeCache::start(&[1, 2]).await;
    let mut rpki = follow_port(port);
    until_vrps(&mut rpki, &[ONE, TWO]).await;
    cache.change(&[]);
    let held = until(&mut rpki, |rpki| rpki.held_back().count() == 1).await;
    assert_eq!((held.snapshot.vrps.len(), held.health), (2, Health::Fresh));
    cache.restart(&[1, 2, 3]);
    let back = until(&mut rpki, |rpki| rpki.snapshot.vrps.len() == 3).await;
    assert_eq!((back.held_back().count(), back.remarks), (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_without_data_gives_none_until_it_has_some() {
    let (mut cache, port) = FakeCache::start(&[]).await;
    let mut rpki = follow_port(port);
    let empty = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    assert_eq!((empty.health, empty.data().is_none()), (Health::Waiting, true));
    cache.change(&[1]);
    until(&mut rpki, |rpki| rpki.data().is_some()).await;
}

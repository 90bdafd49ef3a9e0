//! Routers: the bytes of real ones, sent to the daemon's port.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::play::bmp::{PREFIX, feed, watch};
use crate::play::daemon::Daemon;
use crate::play::originwatch;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::recordings::{self, ROUTER};

#[test]
fn strangers_and_those_who_speak_something_else_are_turned_away() {
    let relay = Relay::start();
    let (port, feed) = feed("127.0.0.1", "silent_after = \"1h\"");
    let place = Place::new(relay.port, &feed);
    let mut daemon = Daemon::start(&place.config());
    // BMP version 4, a length of 4 GB, and bytes that mean nothing.
    for bytes in
        [&b"\x04\x00\x00\x00\x06\x04"[..], b"\x03\xff\xff\xff\xff\x00", b"GET / HTTP/1.1\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(bytes).unwrap();
        daemon.wait_for("disconnected: what it sends is not BMP version 3");
        // It is hung up, with or without having read all.
        assert!(stream.read(&mut [0; 16]).is_err() || stream.read(&mut [0; 16]).unwrap_or(0) == 0);
    }
    daemon.stop();

    let (port, feed) = self::feed("192.0.2.1", "silent_after = \"1h\"");
    let place = Place::new(relay.port, &feed);
    let mut daemon = Daemon::start(&place.config());
    // As many at once as a process may have open, until there were ten thousand.
    for _ in 0..20 {
        let connect = |_| TcpStream::connect(("127.0.0.1", port)).unwrap();
        let strangers: Vec<TcpStream> = (0..500).map(connect).collect();
        for mut stranger in strangers {
            assert_eq!(stranger.read(&mut [0; 16]).unwrap_or(0), 0);
        }
    }
    daemon.wait_for("turned away");
    daemon.stop();
}

#[test]
fn a_router_that_is_gone_is_told_until_it_is_back() {
    let relay = Relay::start();
    let (port, feed) = feed("127.0.0.1", "silent_after = \"1s\"");
    let place = Place::new(relay.port, &feed);
    place.edit("resolve_after = \"15m\"", "resolve_after = \"1s\"");
    let daemon = Daemon::start(&place.config());
    let told = |reason: &str| {
        let mail = relay.next();
        assert_eq!(mail.header("X-Originwatch-Kind").unwrap(), "router-down");
        assert_eq!(mail.header("X-Originwatch-Reason").unwrap(), reason);
    };
    told("opened");
    let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // An Initiation message (RFC 7854 section 4.3): who says nothing is not there.
    router.write_all(&[3, 0, 0, 0, 6, 4]).unwrap();
    told("resolved");
    drop(router);
    told("reopened");
    daemon.stop();
}

/// The messages of a router, whose peers all lie in the VRF 64500:100.
fn in_vrf(mut stream: Vec<u8>) -> Vec<u8> {
    // Type 0 and its value (RFC 4364 section 4.2).
    const DISTINGUISHER: [u8; 8] = [0, 0, 0xfb, 0xf4, 0, 0, 0, 100];
    let mut rest = stream.as_mut_slice();
    // The common header (RFC 7854 section 4.1): version, length, type; behind it that of a peer (section 4.2): type,
    // flags, distinguisher. Initiation and Termination, 4 and 5, have none.
    while let [3, a, b, c, d, kind, ..] = *rest {
        let (message, after) = rest.split_at_mut(u32::from_be_bytes([a, b, c, d]) as usize);
        if !matches!(kind, 4 | 5) {
            message[6] = 1;
            message[8..16].copy_from_slice(&DISTINGUISHER);
        }
        rest = after;
    }
    stream
}

/// Internet in a VRF.
#[test]
fn a_vrf_counts_where_it_is_named_and_is_told_where_it_is_left_out() {
    let capture = in_vrf(std::fs::read(recordings::path(ROUTER)).unwrap());
    for (vrfs, kinds) in [
        ("vrfs = [\"64500:100\"]", vec!["origin-hijack", "own-as-new-prefix", "sub-prefix-hijack"]),
        ("", vec![]),
    ] {
        let relay = Relay::start();
        let (port, feed) = feed("127.0.0.1", vrfs);
        let place = Place::new(relay.port, &feed);
        watch(&place, PREFIX);
        let mut daemon = Daemon::start(&place.config());
        let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
        router.write_all(&capture).unwrap();
        if kinds.is_empty() {
            let told = daemon.wait_for("left out");
            assert!(told.contains("64500:100"), "{told}");
        }
        let mut mailed: Vec<_> =
            kinds.iter().map(|_| relay.next().header("X-Originwatch-Kind").unwrap()).collect();
        mailed.sort();
        drop(router);
        daemon.wait_for("disconnected: closed by the router");
        daemon.stop();
        assert_eq!(mailed, kinds);
        let stored = place.stored();
        assert_eq!(stored.is_empty(), kinds.is_empty(), "{stored:?}");
    }
}

/// In a recording VRFs are told of only as something that is left out, by each command that reads it.
#[test]
fn a_vrf_that_is_left_out_is_told_by_search_and_replay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("router.bmp");
    std::fs::write(&file, in_vrf(std::fs::read(recordings::path(ROUTER)).unwrap())).unwrap();
    let file = file.to_str().unwrap();
    let replay = ["replay", "--prefix", PREFIX, "--origin", "64500", file];
    for words in [&["search", file][..], &["search", "--count", file], &replay] {
        let run = originwatch(words);
        let left_out = run.stderr.contains("left out") && run.stderr.contains("routes of a VRF");
        assert!(run.code == Some(0) && left_out, "{words:?} {}", run.stderr);
        assert!(!run.stdout.contains(PREFIX), "{}", run.stdout);
    }
}

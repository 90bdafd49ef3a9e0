//! Routers: the bytes of real ones, sent to the daemon's port.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::daemon::Daemon;
use super::relay::Relay;
use super::{Place, without_times};
use crate::play::shared;

/// A feed at a free port for routers at this address.
pub(super) fn feed(router: &str, more: &str) -> (u16, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:{port}\"\n\
         routers = [{{ address = \"{router}\", name = \"edge1\" }}]\nmin_vantage_ases = 1\n{more}\n"
    );
    (port, text)
}

/// Watches what AS4761 announces in the captures, as if it were ours.
pub(super) fn watch(place: &Place, prefix: &str) {
    let text = fs::read_to_string(place.config()).unwrap();
    let (head, tail) = text.split_once("[[watch]]").unwrap();
    let (_, tail) = tail.split_once("[rpki]").unwrap();
    // One router is enough, in a replay of its bytes too, which does not know whose they are.
    let watch = format!("[[watch]]\nprefix = \"{prefix}\"\n");
    fs::write(place.config(), format!("{head}{watch}\n[rpki]{tail}")).unwrap();
    place.edit("min_vantage_ases = 2", "min_vantage_ases = 1");
}

#[test]
fn a_router_gives_what_a_replay_of_its_bytes_gives() {
    let relay = Relay::start();
    let (port, feed) = feed("127.0.0.1", "");
    let place = Place::new(relay.port, &feed);
    let capture = shared("bmp/made/gobgp310-all-policies.bmp");
    watch(&place, PREFIX);
    let mut daemon = Daemon::start(&place.config());
    let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A router that trickles: every boundary is somewhere within a message.
    for bytes in fs::read(&capture).unwrap().chunks(7) {
        router.write_all(bytes).unwrap();
    }
    // Four stories: who gets their mail out first is not decided.
    let mut kinds = [(); 4].map(|()| relay.next().header("X-Originwatch-Kind"));
    kinds.sort();
    drop(router);
    daemon.wait_for("disconnected: closed by the router");
    daemon.stop();
    let replayed = place.replayed(&[&capture]);
    let of = |notices: Vec<serde_json::Value>| {
        // At its end a replay tells what the daemon still gathers.
        let told = |n: &serde_json::Value| n["reason"] != "update";
        let notices = without_times(notices).into_iter().filter(told);
        let short =
            notices.map(|n| (n["kind"].clone(), n["offenders"].clone(), n["prefixes"].clone()));
        let mut short: Vec<_> = short.map(|parts| format!("{parts:?}")).collect();
        short.sort();
        short
    };
    assert_eq!(of(place.stored()), of(replayed));
    assert_eq!(
        kinds,
        ["origin-hijack", "own-as-new-prefix", "sub-prefix-hijack", "visibility-loss"]
            .map(|kind| Some(kind.to_owned()))
    );
}

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
    let router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    told("resolved");
    drop(router);
    told("reopened");
    daemon.stop();
}

/// What the captures hold: the README beside them tells it.
pub(super) const PREFIX: &str = "198.51.100.0/24";

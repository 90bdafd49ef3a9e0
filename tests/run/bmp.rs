//! Routers: the bytes of real ones, sent to the daemon's port.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::play::bmp::feed;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;

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

//! SIGHUP while a router's bytes come.

use std::fs;
use std::net::TcpStream;

use crate::play::bmp::{self, PREFIX, closed, router};
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_server::Server;
use crate::recordings::{self, ROUTER};

#[test]
fn a_feed_that_is_removed_is_closed_and_its_vantage_points_go() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let (port, feed) = bmp::feed("127.0.0.1", "");
    let place = Place::new(relay.port, &(server.feed("firehose") + &feed));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"1s\"");
    bmp::watch(&place, PREFIX);
    let capture = fs::read(recordings::path(ROUTER)).unwrap();
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let router = router(port, &capture);
    let opened = relay.told(3);
    place.edit(&feed, "");
    place.append(&mut daemon, "");
    closed(router);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let kinds = ["origin-hijack", "own-as-new-prefix", "sub-prefix-hijack"];
    let all =
        |kinds: &[&str], reason| kinds.iter().map(|k| format!("{k} {reason}")).collect::<Vec<_>>();
    assert_eq!(relay.told(3), all(&kinds, "resolved"));
    assert_eq!(opened, all(&kinds, "opened"));
    visit.taken_in(&mut daemon);
    daemon.stop();
    assert_eq!(server.visitors(), 0);
}

#[test]
fn a_router_tells_its_table_anew_where_more_is_watched() {
    let relay = Relay::start();
    let (port, feed) = bmp::feed("127.0.0.1", "");
    let place = Place::new(relay.port, &feed);
    bmp::watch(&place, "192.0.2.0/24");
    let capture = fs::read(recordings::path(ROUTER)).unwrap();
    let mut daemon = Daemon::start(&place.config());
    let first = router(port, &capture);
    daemon.wait_for("edge1");
    // A part of what is watched already is no news to it.
    place.append(&mut daemon, "[[watch]]\nprefix = \"192.0.2.128/25\"\n");
    place.append(&mut daemon, &format!("[[watch]]\nprefix = \"{PREFIX}\"\n"));
    closed(first);
    let _second = router(port, &capture);
    let kinds = ["origin-hijack", "sub-prefix-hijack"];
    assert_eq!(relay.told(2), kinds.map(|kind| format!("{kind} opened")));
    let said = daemon.stop();
    assert_eq!(said.matches("more is watched now").count(), 1, "{said}");
}

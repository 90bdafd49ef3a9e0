//! Configs by which nothing is seen or nobody is told, and a daemon that cannot reach anybody.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use serde_json::Value;

use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_server::Server;
use crate::play::spool::{self, drop_in, updates};

/// What `/readyz` says at this port, as soon as it is this.
fn ready(port: u16, expected: u16) -> Value {
    let start = Instant::now();
    loop {
        let (code, body) = ask(port).unwrap_or_default();
        if code == expected {
            return serde_json::from_str(&body).unwrap();
        }
        assert!(start.elapsed() < LIMIT, "never {expected}, but {code}: {body}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn ask(port: u16) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

fn web(place: &Place) -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    place.edit("[operator]", &format!("[web]\nlisten = \"127.0.0.1:{port}\"\n[operator]"));
    port
}

/// The config without a part of it: from this heading to the next, which is given.
fn without(place: &Place, from: &str, to: &str) {
    let text = fs::read_to_string(place.config()).unwrap();
    let (head, rest) = text.split_once(from).unwrap();
    let (_, tail) = rest.split_once(to).unwrap();
    fs::write(place.config(), format!("{head}{to}{tail}")).unwrap();
}

#[test]
fn a_config_by_which_nothing_is_seen_or_nobody_is_told_is_refused() {
    let relay = Relay::start();
    let refused = |place: &Place, why: &str| {
        let (status, said) = Daemon::spawn(&place.config()).wait();
        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    };
    let place = Place::new(relay.port, "");
    place.edit("[operator]", "feed = []\n[operator]");
    refused(&place, "says feed = []: nothing would be seen");
    let place = spool::place(&relay);
    without(&place, "[[watch]]", "[incident]");
    refused(&place, "has no [[watch]], and no [rpki] sources");
    let place = spool::place(&relay);
    without(&place, "[mail]", "[data]");
    refused(&place, "has no [mail] and no [[channel]]: nobody would be told");
}

/// It starts all the same, since who does not start is mute.
#[test]
fn where_the_vrps_name_nothing_of_ours_that_is_told() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let port = web(&place);
    without(&place, "[[watch]]", "[rpki]");
    place.edit("asns = [64500]", "asns = [64999]");
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    visit.taken_in(&mut daemon);
    assert_eq!(relay.told(1), ["rpki-stale opened"]);
    let ready = ready(port, 503);
    assert_eq!(ready["parts"]["watches"]["detail"], "there is no watch");
    // What it is about stands in the list, too.
    let list = place.done(&["incidents", "list"]);
    assert!(list.lines().any(|line| line.ends_with("0/0   watches")), "{list}");
    let said = daemon.stop();
    assert!(said.contains("no VRP names one of its asns: nothing to watch"), "{said}");
}

#[test]
fn a_channel_that_fails_is_no_channel() {
    let refuses = |line: &str| line.starts_with("RCPT").then_some("550 no such user");
    let relay = Relay::answering(refuses);
    let place = spool::place(&relay);
    let port = web(&place);
    let daemon = Daemon::start(&place.config());
    assert_eq!(ready(port, 200)["parts"]["channels"]["detail"], "mail");
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let ready = ready(port, 503);
    let told = ready["parts"]["channels"]["detail"].as_str().unwrap();
    assert!(told.starts_with("noc@example.net: "), "{told}");
    assert!(told.contains("550"), "{told}");
    daemon.stop();
}

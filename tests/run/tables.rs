//! Tables that a feed begins with: what was wrong before anybody listened.

use std::fs;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_live::{announce, wall, withdraw};
use crate::play::ris_server::{Server, Step, Visit};
use crate::play::tables::{FIRST, SECOND, TABLE, table};
use crate::play::web::{self, response};

/// A feed that begins with a table.
fn feed(server: &Server, rib: &str) -> String {
    server.feed("firehose") + &format!("rib = {{ rrc21 = \"{rib}\" }}\n")
}

fn send(visit: &Visit, messages: &[String]) {
    messages.iter().for_each(|message| visit.steps.send(Step::Send(message.clone())).unwrap());
}

/// Reason, holders, those unconfirmed among them, vantage points.
fn counts(notice: &Value) -> (&str, u64, u64, u64) {
    let count = |name: &str| notice["vantage"][name].as_u64().unwrap_or_default();
    let reason = notice["reason"].as_str().unwrap();
    (reason, count("holding"), count("unconfirmed"), count("total"))
}

#[test]
fn what_is_wrong_already_is_told_and_resolved_by_the_feed() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &feed(&server, "rib.mrt"));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    let now = wall();
    fs::write(place.path("rib.mrt"), table(now - 7200, TABLE)).unwrap();
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("table loaded");
    let opened = relay.next();
    assert_eq!(opened.header("X-Originwatch-Reason").as_deref(), Some("opened"));
    // They are the vantage points of the live messages: nobody is counted twice.
    let messages = [
        announce(now, 3, FIRST, &[103, 64510, 64500]),
        announce(now, 4, SECOND, &[104, 64511, 64500]),
        withdraw(now, 1, FIRST),
        announce(now, 2, FIRST, &[102, 64511, 64500]),
    ];
    let visit = server.visit();
    send(&visit, &messages);
    let resolved = relay.next();
    assert_eq!(resolved.header("X-Originwatch-Reason").as_deref(), Some("resolved"));
    daemon.stop();
    let stored = place.stored();
    let told: Vec<_> = stored.iter().map(counts).collect();
    // Of the five that the table has, whether they hold ours or not.
    assert_eq!(told, [("opened", 2, 2, 5), ("resolved", 0, 0, 5)]);
    let first_seen: jiff::Timestamp = stored[0]["first_seen"].as_str().unwrap().parse().unwrap();
    assert_eq!(first_seen.as_second(), now - 7200);

    // What was followed since is known better than an old table knows it.
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("the store knows more than the table");
    daemon.stop();
    assert_eq!((place.stored().len(), relay.rest().len()), (2, 0));
}

#[test]
fn a_table_that_comes_late_does_not_bring_back_what_was_withdrawn() {
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let now = wall();
    let bytes = table(now - 7200, TABLE);
    let web = web::serve(move |_| {
        released.lock().unwrap_or_else(PoisonError::into_inner).recv().unwrap();
        response("200 OK", "", bytes.len(), &bytes)
    });
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &feed(&server, &format!("http://{}/rib", web.address)));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let down = |peer: u8| {
        format!(
            r#"{{"type":"ris_message","data":{{"timestamp":{now}.00,"peer":"192.0.2.{peer}","peer_asn":"10{peer}","id":"x","host":"rrc21.ripe.net","type":"RIS_PEER_STATE","state":"down"}}}}"#
        )
    };
    // The session of one was lost; another has something else by now.
    let messages = [
        withdraw(now, 1, FIRST),
        down(4),
        announce(now, 3, FIRST, &[103, 64511, 64500]),
        announce(now, 7, SECOND, &[107, 64666]),
        announce(now, 8, SECOND, &[108, 64666]),
    ];
    send(&visit, &messages);
    let opened = relay.next();
    assert_eq!(opened.header("X-Originwatch-Kind").as_deref(), Some("origin-hijack"));
    release.send(()).unwrap();
    let line = daemon.wait_for("table loaded");
    // Of five routes near us one was withdrawn, and one went with its session.
    assert!(line.contains("routes=6") && line.contains("watched=3"), "{line}");
    send(&visit, &[withdraw(now, 7, SECOND), withdraw(now, 8, SECOND)]);
    let resolved = relay.next();
    assert_eq!(resolved.header("X-Originwatch-Reason").as_deref(), Some("resolved"));
    daemon.stop();
    // Who withdrew counts, who is down does not; and one holder of the old hijack is not enough.
    let told: Vec<_> = place.stored().iter().map(|it| counts(it).3).collect();
    assert_eq!(told, [4, 6]);
    assert_eq!(relay.rest().len(), 0);
}

#[test]
fn the_last_table_of_the_archive_is_asked_for_and_kept() {
    let now = wall();
    let tables = Arc::new([table(now - 30_000, &TABLE[..2]), table(now - 3600, TABLE)]);
    let web = web::serve(move |request| {
        let target = request.split(' ').nth(1).unwrap();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let bytes = match target {
            "/old" => tables[0].clone(),
            "/new" => tables[1].clone(),
            _ => {
                let item = |name: &str, at: i64| {
                    let at = jiff::Timestamp::from_second(at).unwrap().to_string();
                    let at = at.trim_end_matches('Z');
                    format!(
                        r#"{{"ts_start":"{at}","ts_end":"{at}","collector_id":"rrc21","data_type":"rib","url":"http://{host}/{name}","rough_size":1,"exact_size":0}}"#
                    )
                };
                let items = [item("new", now - 3600), item("old", now - 30_000)].join(",");
                format!(r#"{{"count":2,"error":null,"data":[{items}]}}"#).into_bytes()
            }
        };
        response("200 OK", "", bytes.len(), &bytes)
    });
    let (relay, server) = (Relay::start(), Server::start(1));
    let archive = format!("[archive]\nbroker = \"http://{}\"\ncache = \"cache\"\n", web.address);
    let place = Place::new(relay.port, &(feed(&server, "latest") + &archive));
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("table loaded");
    relay.next();
    daemon.stop();
    let asked = web.requests.lock().unwrap().clone();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("&collector_id=rrc21&data_type=rib&"), "{}", asked[0]);
    assert!(asked[1].starts_with("GET /new "), "{}", asked[1]);
    assert_eq!(fs::read_dir(place.path("cache")).unwrap().count(), 1);
    assert_eq!(counts(&place.stored()[0]).0, "opened");
}

#[test]
fn without_its_table_the_feed_runs_and_says_so() {
    let now = wall();
    let whole = table(now - 7200, TABLE);
    let torn = &whole[..whole.len() - 7];
    let old = table(now - 90_000, TABLE);
    let empty = table(now - 7200, &[]);
    for (bytes, complaint) in [
        (None, "No such file or directory"),
        (Some(&b"<html>not found</html>"[..]), "it is no MRT file"),
        (Some(&[0x1f, 0x8b, 8, 0, 1, 2, 3]), "it cannot be read any further"),
        (Some(&old), "longer ago than [incident] forget_after"),
        (Some(&empty), "there is no route in it"),
        (Some(torn), "a part of it is lost"),
    ] {
        let (relay, server) = (Relay::start(), Server::start(1));
        let place = Place::new(relay.port, &feed(&server, "rib.mrt"));
        if let Some(bytes) = bytes {
            fs::write(place.path("rib.mrt"), bytes).unwrap();
        }
        let mut daemon = Daemon::spawn(&place.config());
        let line = daemon.wait_for("the feed runs without its table");
        assert!(line.contains(complaint), "{line}");
        let visit = server.visit();
        let hijack = |peer| announce(now, peer, SECOND, &[100 + peer, 64666]);
        send(&visit, &[hijack(8), hijack(9)]);
        while !relay.next().header("Subject").unwrap().contains("AS64666") {}
        daemon.stop();
        let feeds = &place.stored().pop().unwrap()["feeds"];
        assert_eq!(feeds[0]["name"], "ris-live (without the tables of rrc21)");
    }
}

//! People's commands, beside a daemon and without one.

use serde_json::Value;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::spool::{drop_in, place, updates};

/// A daemon that has told of the hijack of 2014.
fn hijacked() -> (Relay, Place, Daemon, String) {
    let relay = Relay::start();
    let place = place(&relay);
    let daemon = Daemon::start(&place.config());
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let opened = relay.next();
    let name = opened.header("X-Originwatch-Incident").unwrap();
    (relay, place, daemon, name)
}

#[test]
fn what_people_say_of_an_incident_is_done_and_shown() {
    let (_relay, place, daemon, name) = hijacked();
    assert_eq!(place.listed()[0]["incident"], name.as_str());
    let short = &name[..name.len() - 2];
    assert_eq!(place.done(&["incidents", "ack", short, "--by", "alice"]), "");
    place.done(&["incidents", "note", &name, "called\tthem\x1b[31m", "--by", "bob"]);
    place.done(&["incidents", "mute", "--asn", "AS4761", "--for", "4h", "--by", "alice"]);
    let marks = &place.listed()[0]["marks"];
    assert_eq!(marks["acknowledged"]["by"], "alice");
    assert_eq!(marks["muted"]["by"], "alice");
    let note = marks["notes"][0]["text"].as_str().unwrap();
    assert!(note.starts_with("called") && !note.contains('\x1b'), "{note:?}");
    let list = place.done(&["incidents", "list"]);
    assert!(list.starts_with("INCIDENT") && list.contains("[acknowledged by alice]"), "{list}");
    let shown = place.done(&["incidents", "show", &name]);
    assert!(shown.contains("bob: called") && shown.contains("\nNotices\n"), "{shown}");
    place.done(&["incidents", "unmute", "--asn", "4761"]);
    assert_eq!(place.listed()[0]["marks"].get("muted"), None);
    place.done(&["incidents", "close", &name]);
    assert!(place.listed()[0]["marks"]["closed"].is_object());
    daemon.stop();
    // The marks outlive it.
    assert_eq!(place.listed()[0]["marks"]["acknowledged"]["by"], "alice");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let (_relay, place, daemon, name) = hijacked();
    let refused = |words: &[&str], code: i32, why: &str| {
        let run = place.command(words);
        assert_eq!(run.code, Some(code), "{words:?} {run:?}");
        assert!(run.stderr.contains(why), "{words:?} {}", run.stderr);
    };
    refused(&["incidents", "ack", "OW-1999"], 2, "there is no incident OW-1999");
    refused(&["incidents", "unmute", "--asn", "AS1"], 1, "AS1 is not muted");
    refused(&["incidents", "mute", &name, "--until", "2001-01-01T00:00:00Z"], 1, "is not after");
    refused(&["incidents", "mute", "--for", "4h"], 2, "required");
    refused(&["incidents", "mute", "--kind", "hijack", "--for", "4h"], 2, "no kind of incident");
    refused(&["incidents", "mute", &name, "--for", "soon"], 2, "a length of time");
    refused(&["incidents", "note", &name, " "], 1, "empty");
    refused(&["maintenance", "remove", "nothing"], 1, "'nothing'");
    let backwards = ["--from", "2030-01-02T00:00:00Z", "--until", "2030-01-01T00:00:00Z"];
    refused(&[&["maintenance", "add", "night"], &backwards[..]].concat(), 1, "ends before");
    daemon.stop();
}

#[test]
fn an_incident_is_explained_and_exported() {
    let (_relay, place, daemon, name) = hijacked();
    let why = place.done(&["incidents", "explain", &name]);
    for said in [
        "origin-hijack fires when exactly a watched prefix has an origin that is not allowed.",
        "decided by the watch 198.18.0.0/21",
        "has another ASN",
        "4651 4761",
    ] {
        assert!(why.contains(said), "{said}: {why}");
    }
    let exported = place.done(&["incidents", "export", "--all"]);
    let notices: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(notices.iter().any(|notice| notice["incident"] == name.as_str()));
    let one = place.done(&["incidents", "export", &name]);
    assert!(!one.is_empty() && one.lines().all(|line| exported.contains(line)), "{one}");
    daemon.stop();
}

#[test]
fn a_window_is_added_listed_and_removed() {
    let (_relay, place, daemon, _) = hijacked();
    assert_eq!(place.done(&["maintenance", "list"]), "no maintenance windows\n");
    let window = ["maintenance", "add", "move", "--from", "2030-01-01T00:00:00Z", "--for", "2h"];
    let about = ["--prefix", "198.18.0.0/24", "--expect", "announced:198.18.0.0/24:AS64501"];
    place.done(&[&window[..], &about].concat());
    let listed = place.done(&["maintenance", "list"]);
    assert!(listed.contains("2030-01-01T02:00:00Z"), "{listed}");
    assert!(listed.contains("198.18.0.0/24 by AS64501 should be announced"), "{listed}");
    place.done(&["maintenance", "remove", "move"]);
    assert_eq!(place.done(&["maintenance", "list", "--format", "json"]), "[]\n");
    daemon.stop();
}

#[test]
fn without_a_daemon_it_is_noted_and_done_at_the_next_start() {
    let (_relay, place, daemon, name) = hijacked();
    daemon.stop();
    let run = place.command(&["incidents", "ack", &name, "--by", "alice"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.contains("noted; originwatch does not run"), "{}", run.stderr);
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("actions done");
    daemon.stop();
    assert_eq!(place.listed()[0]["marks"]["acknowledged"]["by"], "alice");
}

#[test]
fn what_waits_is_listed_and_tried_when_somebody_asks() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let relay = Relay::start();
    let place = place(&relay);
    place.edit(&format!("127.0.0.1:{}", relay.port), &format!("127.0.0.1:{port}"));
    let mut daemon = Daemon::start(&place.config());
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    daemon.wait_for("refused");
    let queue: Vec<Value> =
        serde_json::from_str(&place.done(&["mail", "queue", "--format", "json"])).unwrap();
    assert_eq!(queue[0]["state"], "waiting");
    assert!(place.done(&["mail", "queue"]).contains("origin hijack"));
    let relay = Relay::on(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap(), |_| None);
    place.done(&["mail", "flush", "--dead"]);
    relay.next();
    daemon.stop();
}

#[test]
fn without_a_store_there_is_nothing_to_look_at() {
    let relay = Relay::start();
    let place = place(&relay);
    let run = place.command(&["incidents", "list"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("has not run here yet"), "{}", run.stderr);
}

//! RIS Live: what comes, what is asked for, and what becomes of a server that misbehaves.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::{Value, json};

use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::place::{Place, without_times};
use crate::play::relay::Relay;
use crate::play::ris_live::{announce, story, wall};
use crate::play::ris_server::{Server, Step};

#[test]
fn live_gives_what_a_replay_of_the_same_messages_gives() {
    let (relay, server) = (Relay::start(), Server::start(4));
    let place = Place::new(relay.port, &server.feed("watched"));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    assert_eq!(visit.subscriptions[0]["data"]["prefix"], json!(["198.18.0.0/21", "198.18.8.0/21"]));
    assert_eq!(visit.subscriptions[1]["data"]["path"], "64500$");
    let story = story(wall());
    for message in &story {
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    let reasons = [relay.next(), relay.next()].map(|mail| mail.header("X-Originwatch-Reason"));
    assert_eq!(reasons, [Some("opened".to_owned()), Some("resolved".to_owned())]);
    daemon.wait_for("RESOLVED");
    daemon.stop();
    let recording = place.path("story.json");
    std::fs::write(&recording, story.join("\n")).unwrap();
    let mut live = without_times(place.stored());
    let mut replayed = without_times(place.replayed(&[&recording]));
    // Live only what is watched is asked for, and what else the offender announces when the incident opens; a
    // recording counts as all that there was.
    assert_eq!(scopes(&mut live), ["unknown"; 2]);
    assert_eq!(scopes(&mut replayed), ["targeted"; 2]);
    assert_eq!(live, replayed);
}

/// Takes the class of the scope out of each notice.
fn scopes(notices: &mut [Value]) -> Vec<Value> {
    notices.iter_mut().map(|notice| notice["extent"]["class"].take()).collect()
}

/// What else the offender announces is asked for at its first sight, and answered before anybody is told.
#[test]
fn the_first_notice_says_that_many_others_are_hit_although_only_ours_is_asked_for() {
    let (relay, server) = (Relay::start(), Server::start(4));
    let place = Place::new(relay.port, &server.feed("watched"));
    let daemon = Daemon::start(&place.config());
    let visit = server.visit();
    visit.send(&story(wall())[..4]);
    let (asked, subscription) = channel();
    visit.steps.send(Step::Read(asked)).unwrap();
    assert_eq!(subscription.recv_timeout(LIMIT).unwrap()["data"]["path"], "4761$");
    let vrps = std::fs::read(place.path("vrps.json")).unwrap();
    let vrps: Value = serde_json::from_slice(&vrps).unwrap();
    let others = vrps["roas"].as_array().unwrap().iter().filter(|roa| roa["asn"] != "AS64500");
    let others: Vec<String> = others
        .take(100)
        .map(|roa| announce(wall(), 3, roa["prefix"].as_str().unwrap(), &[103, 4651, 4761]))
        .collect();
    visit.send(&others);
    visit.send(&story(wall())[5..6]);
    let opened = relay.next();
    assert_eq!(opened.header("X-Originwatch-Reason").as_deref(), Some("opened"));
    daemon.stop();
    let told = &place.stored()[0];
    assert_eq!(
        (&told["extent"]["class"], &told["extent"]["prefixes"]),
        (&"mass".into(), &100.into())
    );
}

#[test]
fn a_bad_message_costs_itself_and_a_lost_connection_is_made_again() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let mut daemon = Daemon::start(&place.config());
    let story = story(wall());
    let bad = [
        "",
        "garbage",
        "{\"type\":\"ris_message\",\"data\":{\"timestamp\":\"x\"}}",
        "{\"type\":\"ris_message\",\"data\":{\n\"peer\":\"nobody\"}}",
        "{\"type\":\"ris_error\",\"data\":{\"message\":\"slow down\"}}",
        "[[[[",
    ];
    let visit = server.visit();
    for (message, bad) in story.iter().zip(bad.iter().cycle()).take(4) {
        visit.steps.send(Step::Send((*bad).to_owned())).unwrap();
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    visit.steps.send(Step::Send(bad[4].to_owned())).unwrap();
    daemon.wait_for("the server reports an error");
    visit.steps.send(Step::Hang).unwrap();
    daemon.wait_for("disconnected, and a gap begins");
    let visit = server.visit();
    for message in &story[4..6] {
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    let subject = relay.next().header("Subject").unwrap();
    assert!(
        subject.starts_with("[LON01] CRITICAL origin hijack 198.18.0.0/21 by AS4761"),
        "{subject}"
    );
    daemon.stop();
    // The first of two vantage points was seen before the gap.
    let gaps = place.stored()[0]["feeds"][0]["gaps"].clone();
    let over = gaps.as_array().unwrap().iter().map(|gap| gap["until"].is_string());
    assert_eq!(over.collect::<Vec<_>>(), [true], "{gaps}");
}

#[test]
fn a_roa_that_changes_is_an_incident_without_any_message() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    for message in &story(wall())[..2] {
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    // Once it has reported this, it has taken in what came before.
    visit.steps.send(Step::Send("{\"type\":\"ris_error\"}".to_owned())).unwrap();
    daemon.wait_for("the server reports an error");
    // Ours are replaced; a set that lost all the others would not be believed at once.
    let vrps = std::fs::read(place.path("vrps.json")).unwrap();
    let mut vrps: Value = serde_json::from_slice(&vrps).unwrap();
    let roas = vrps["roas"].as_array_mut().unwrap();
    roas.retain(|roa| !roa["prefix"].as_str().unwrap().starts_with("198.18."));
    roas.push(json!({ "asn": "AS64999", "prefix": "198.18.0.0/20", "maxLength": 20 }));
    std::fs::write(place.path("vrps.new"), vrps.to_string()).unwrap();
    std::fs::rename(place.path("vrps.new"), place.path("vrps.json")).unwrap();
    let kinds = [relay.next(), relay.next()].map(|mail| mail.header("X-Originwatch-Kind").unwrap());
    assert_eq!(
        BTreeSet::from(kinds),
        BTreeSet::from(["roa-change", "rpki-invalid"].map(String::from))
    );
    daemon.stop();
}

#[test]
fn derived_watches_follow_the_vrps() {
    let (relay, server) = (Relay::start(), Server::start(4));
    let place = Place::new(relay.port, &server.feed("watched"));
    let text = std::fs::read_to_string(place.config()).unwrap();
    let (head, tail) = text.split_once("[[watch]]").unwrap();
    let (_, tail) = tail.split_once("[rpki]").unwrap();
    std::fs::write(place.config(), format!("{head}[rpki]{tail}")).unwrap();
    let vrps = |prefixes: &[&str]| {
        let roa = |prefix| json!({ "asn": "AS64500", "prefix": prefix, "maxLength": 24 });
        let roas: Vec<_> = prefixes.iter().map(roa).collect();
        std::fs::write(place.path("vrps.new"), json!({ "roas": roas }).to_string()).unwrap();
        std::fs::rename(place.path("vrps.new"), place.path("vrps.json")).unwrap();
    };
    let mut known = vec!["198.18.0.0/21"];
    vrps(&known);
    let mut daemon = Daemon::start(&place.config());
    let first = server.visit();
    assert_eq!(first.subscriptions[0]["data"]["prefix"], json!(known));
    known.push("203.0.113.0/24");
    vrps(&known);
    daemon.wait_for("the VRPs name more prefixes of ours");
    let (sender, asked) = channel();
    first.steps.send(Step::Read(sender)).unwrap();
    assert_eq!(asked.recv_timeout(LIMIT).unwrap()["data"]["prefix"], json!(known));
    daemon.stop();
}

#[test]
fn a_server_that_is_not_there_is_told_and_ends_when_it_is() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let relay = Relay::start();
    let url = format!(
        "[[feed]]\ntype = \"ris-live\"\nurl = \"ws://127.0.0.1:{port}/\"\nsilent_after = \"1s\"\n"
    );
    let place = Place::new(relay.port, &url);
    let daemon = Daemon::start(&place.config());
    let mail = relay.next();
    assert_eq!(mail.header("X-Originwatch-Kind").unwrap(), "feed-silent");
    daemon.stop();
}

#[test]
fn what_is_trickled_and_said_twice_counts_once_and_when_it_came_is_when_it_was() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    let daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let story = story(wall() - 86_400);
    for message in &story {
        visit.steps.send(Step::Trickle(message.clone())).unwrap();
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    let reasons = [relay.next(), relay.next()].map(|mail| mail.header("X-Originwatch-Reason"));
    assert_eq!(reasons, [Some("opened".to_owned()), Some("resolved".to_owned())]);
    daemon.stop();
    let recording = place.path("story.json");
    std::fs::write(&recording, story.join("\n")).unwrap();
    // A day old: the stamps are not believed, and what is named after them is named after the arrival.
    let stored = place.stored();
    let hour_ago = bgp::Timestamp::from_seconds(wall() - 3600).to_string();
    let seen = |one: &Value| one["first_seen"].as_str().unwrap().to_owned();
    assert!(stored.iter().all(|one| seen(one) > hour_ago), "{stored:?}");
    let told = |notices: Vec<Value>| -> Vec<String> {
        let said =
            |n: &Value| format!("{} {} {} {}", n["kind"], n["reason"], n["prefixes"], n["vantage"]);
        notices.iter().map(said).collect()
    };
    assert_eq!(told(stored), told(place.replayed(&[&recording])));
}

#[test]
fn an_offender_is_followed_while_its_incident_lasts() {
    let (relay, server) = (Relay::start(), Server::start(4));
    let place = Place::new(relay.port, &server.feed("watched"));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"1s\"");
    let daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let (sender, asked) = channel();
    let story = story(wall());
    let (open, over) = story.split_at(6);
    for (messages, kind) in [(open, "ris_subscribe"), (over, "ris_unsubscribe")] {
        for message in messages {
            visit.steps.send(Step::Send(message.clone())).unwrap();
        }
        visit.steps.send(Step::Read(sender.clone())).unwrap();
        let said: Value = asked.recv_timeout(LIMIT).unwrap();
        assert_eq!(
            (said["type"].as_str(), said["data"]["path"].as_str()),
            (Some(kind), Some("4761$"))
        );
    }
    daemon.stop();
}

#[test]
fn a_server_with_a_certificate_is_believed_if_the_system_trusts_it() {
    let relay = Relay::start();
    let (server, certificate) = Server::with_tls(1);
    let place = Place::new(relay.port, &server.feed("firehose"));
    let mut stranger = Daemon::start(&place.config());
    stranger.wait_for("certificate");
    stranger.stop();
    let file = place.path("ca.pem");
    std::fs::write(&file, certificate).unwrap();
    let mut command = Daemon::command(&place.config());
    command.env("SSL_CERT_FILE", file);
    let mut daemon = Daemon::run(command);
    daemon.wait_for("subscribed");
    let visit = server.visit();
    for message in &story(wall())[..6] {
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "origin-hijack");
    daemon.stop();
}

/// A proxy that lets no web socket through, and the server behind it.
fn serve_http(stream: &TcpStream, story: &[String], asked: &Sender<String>) -> std::io::Result<()> {
    let mut head = BufReader::new(stream).lines().map_while(Result::ok);
    let request = head.next().unwrap_or_default();
    let field = head.take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("x-ris-subscribe").then(|| value.to_owned())
    });
    let mut out = stream;
    if !request.starts_with("GET /v1/stream/?format=json&client=originwatch ") {
        return out.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    }
    let subscription = field.unwrap();
    out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")?;
    if subscription.contains("198.18.0.0/21") {
        for octets in (story.join("\n") + "\n").as_bytes().chunks(11) {
            out.write_all(octets)?;
        }
    }
    asked.send(subscription).unwrap();
    // The connection stays for as long as the test does.
    std::mem::forget(stream.try_clone()?);
    Ok(())
}

#[test]
fn http_is_tried_where_no_web_socket_comes_about() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = channel();
    let told = story(wall())[..6].to_vec();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (sender, told) = (sender.clone(), told.clone());
            thread::spawn(move || drop(serve_http(&stream.unwrap(), &told, &sender)));
        }
    });
    let relay = Relay::start();
    let feed = format!("[[feed]]\ntype = \"ris-live\"\nurl = \"ws://127.0.0.1:{port}/v1/ws/\"\n");
    let place = Place::new(relay.port, &feed);
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("no web socket in 3 attempts: trying HTTP");
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "origin-hijack");
    let mut asked: Vec<Value> = (0..4)
        .map(|_| serde_json::from_str(&asked.recv_timeout(LIMIT).unwrap()).unwrap())
        .collect();
    asked.sort_by_key(Value::to_string);
    assert_eq!(
        asked,
        [
            json!({"lessSpecific": true, "moreSpecific": true, "prefix": ["198.18.0.0/21", "198.18.8.0/21"]}),
            json!({"moreSpecific": false, "prefix": ["84.205.64.0/24", "2001:7fb:fe00::/48"]}),
            json!({"path": "64500$", "type": "UPDATE"}),
            json!({"type": "RIS_PEER_STATE"}),
        ]
    );
    daemon.stop();
    assert_eq!(place.stored()[0]["feeds"][0]["name"], "ris-live (over HTTP)");
}

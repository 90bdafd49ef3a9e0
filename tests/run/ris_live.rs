//! A RIS Live server that is played here: it sends what it is told to, after we have subscribed.

use std::collections::BTreeSet;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::daemon::Daemon;
use super::relay::Relay;
use super::{LIMIT, Place, announce, withdraw, without_times};

/// What the server does with one connection.
enum Step {
    /// Sends this.
    Send(String),
    /// Ends the connection without a word.
    Hang,
}

/// One connection of the daemon.
struct Visit {
    subscriptions: Vec<Value>,
    steps: Sender<Step>,
}

struct Server {
    port: u16,
    visits: Receiver<Visit>,
}

impl Server {
    /// Acknowledges so many subscriptions of each visitor, and then does as it is told.
    fn start(subscriptions: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, visits) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || serve(stream.unwrap(), subscriptions, &sender));
            }
        });
        Server { port, visits }
    }

    fn visit(&self) -> Visit {
        self.visits.recv_timeout(LIMIT).unwrap()
    }

    fn feed(&self, mode: &str) -> String {
        let port = self.port;
        format!(
            "[[feed]]\ntype = \"ris-live\"\nurl = \"ws://127.0.0.1:{port}/v1/ws/\"\nmode = \"{mode}\"\n"
        )
    }
}

fn serve(stream: TcpStream, subscriptions: usize, visits: &Sender<Visit>) {
    let mut socket = tungstenite::accept(stream).unwrap();
    let read = |socket: &mut WebSocket<TcpStream>| loop {
        if let Message::Text(text) = socket.read().unwrap() {
            let subscription: Value = serde_json::from_str(&text).unwrap();
            socket.send(Message::text(r#"{"type":"ris_subscribe_ok","data":{}}"#)).unwrap();
            return subscription;
        }
    };
    let subscriptions = (0..subscriptions).map(|_| read(&mut socket)).collect();
    let (steps, todo) = channel();
    visits.send(Visit { subscriptions, steps }).unwrap();
    for step in todo {
        match step {
            Step::Send(text) => socket.send(Message::text(text)).unwrap(),
            Step::Hang => return,
        }
    }
}

/// A hijack of a few seconds, as three vantage points see it, and its end.
fn story(at: i64) -> Vec<String> {
    let (first, second) = ("198.18.0.0/21", "198.18.8.0/21");
    vec![
        announce(at - 9, 1, first, &[101, 64510, 64500]),
        announce(at - 9, 2, first, &[102, 64511, 64500]),
        announce(at - 8, 3, second, &[103, 64511, 64500]),
        announce(at - 7, 1, first, &[101, 4651, 4761]),
        announce(at - 7, 2, "203.0.113.0/24", &[102, 3356, 1299]),
        announce(at - 6, 2, first, &[102, 4651, 4761]),
        withdraw(at - 5, 1, first),
        announce(at - 4, 2, first, &[102, 64511, 64500]),
        // Time goes on in a replay with the messages alone.
        announce(at - 1, 3, second, &[103, 64511, 64500]),
    ]
}

fn wall() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

#[test]
fn live_gives_what_a_replay_of_the_same_messages_gives() {
    let (relay, server) = (Relay::start(), Server::start(3));
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
    let replayed = place.replayed(&[&recording]);
    assert_eq!(without_times(place.stored()), without_times(replayed));
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
    let vrps =
        json!({ "roas": [{ "asn": "AS64999", "prefix": "198.18.0.0/20", "maxLength": 20 }] });
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

//! A new transit of ours: told once, accepted by a command, by a reply or by the API, and told no more.

use serde_json::json;

use super::api::{Api, TOKEN};
use super::replies::{self, deliver, reply};
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::{ReceivedMail, Relay};
use crate::play::ris_live::{announce, wall};
use crate::play::ris_server::{Server, Visit};

/// A place with a feed of everything.
fn place(relay: &Relay, server: &Server) -> Place {
    let place = Place::new(relay.port, &server.feed("firehose"));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    place
}

/// Three hold this prefix of ours behind an AS.
fn behind(asn: u32, prefix: &str) -> [String; 3] {
    [1, 2, 3].map(|peer| announce(wall(), peer, prefix, &[100 + peer, asn, 64500]))
}

/// What is told of our own prefix behind an AS that is no upstream of ours.
fn told(relay: &Relay, visit: &Visit) -> (ReceivedMail, String) {
    visit.send(&behind(64999, "198.18.0.0/21"));
    let opened = relay.next();
    assert_eq!(opened.header("X-Originwatch-Kind").as_deref(), Some("first-hop"));
    let name = opened.header("X-Originwatch-Incident").unwrap();
    (opened, name)
}

/// It is over; the other prefix by the same AS is no news any more, and by another one it is.
#[track_caller]
fn is_accepted(name: &str, relay: &Relay, visit: &Visit, daemon: &mut Daemon) {
    let over = relay.next();
    assert_eq!(over.header("X-Originwatch-Incident").as_deref(), Some(name));
    assert_eq!(over.header("X-Originwatch-Reason").as_deref(), Some("resolved"));
    visit.send(&behind(64999, "198.18.8.0/21"));
    visit.taken_in(daemon);
    visit.send(&behind(64998, "198.18.8.0/21"));
    let next = relay.next();
    assert!(next.header("Subject").unwrap().contains("AS64998"), "{:?}", next.header("Subject"));
}

#[test]
fn by_a_command_which_prints_what_the_config_would_say() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = place(&relay, &server);
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let (_, name) = told(&relay, &visit);
    let patch = place.done(&["incidents", "accept", &name, "--by", "alice"]);
    assert_eq!(patch, "[operator]\nupstreams = [64510, 64511, 64999]\n");
    is_accepted(&name, &relay, &visit, &mut daemon);
    let again = place.command(&["incidents", "accept", "OW-1999"]);
    assert!(again.stderr.contains("there is no incident OW-1999"), "{}", again.stderr);
    daemon.stop();
}

#[test]
fn by_a_reply_to_the_mail() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = place(&relay, &server);
    replies::are_read(&place);
    let daemon = Daemon::start(&place.config());
    let (opened, name) = told(&relay, &server.visit());
    daemon.stop();
    let to = opened.header("Reply-To").unwrap();
    deliver(&place, "1", &reply(&to, "one", "", "Accept.\n\n> quoted\n> CLOSE"));
    let mut daemon = Daemon::spawn(&place.config());
    let done = daemon.wait_for("a reply is done");
    assert!(done.contains("from=\"noc@example.net\""), "{done}");
    is_accepted(&name, &relay, &server.visit(), &mut daemon);
    daemon.stop();
}

#[test]
fn by_the_api_of_a_first_hop_alone() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = place(&relay, &server);
    let api = Api::of(&place, "token_file = \"token\"");
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    visit.send(&[4, 5].map(|peer| announce(wall(), peer, "198.18.8.0/21", &[100 + peer, 64666])));
    let hijack = relay.next().header("X-Originwatch-Incident").unwrap();
    let (_, name) = told(&relay, &visit);
    let accept = |incident: &str, token| {
        let path = format!("/api/v1/incidents/{incident}/accept");
        api.ask("POST", &path, token, &json!({ "by": "alice" }))
    };
    let (code, why) = accept(&hijack, TOKEN);
    let why = why["detail"].as_str().unwrap();
    assert_eq!((code, why.contains("there is nothing to accept")), (422, true), "{why}");
    assert_eq!(accept(&name, "").0, 401);
    assert_eq!(accept(&name, TOKEN), (200, json!({ "done": true })));
    is_accepted(&name, &relay, &visit, &mut daemon);
    daemon.stop();
}

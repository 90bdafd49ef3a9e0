//! SIGHUP: what the config says as before goes on as before.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use super::bmp::{self, PREFIX};
use super::daemon::Daemon;
use super::relay::{Letter, Relay};
use super::ris_live::{story, wall};
use super::server::{Server, Step, Visit};
use super::{LIMIT, Place, announce};
use crate::play::shared;

/// A webhook where nobody listens, and where nothing is sent.
const ANOTHER_CHANNEL: &str = "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
                               [[route]]\nkinds = [\"roa-change\"]\nto = [\"hook\"]\n";

/// Changes the config by what stands behind it, and waits until the daemon runs by it.
fn append(place: &Place, daemon: &mut Daemon, text: &str) {
    let config = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), format!("{config}\n{text}")).unwrap();
    daemon.signal("HUP");
    daemon.wait_for(" running ");
}

fn send<'a>(visit: &Visit, messages: impl IntoIterator<Item = &'a String>) {
    messages.into_iter().for_each(|one| visit.steps.send(Step::Send(one.clone())).unwrap());
}

/// All that it has been sent is taken in.
fn taken_in(visit: &Visit, daemon: &mut Daemon) {
    send(visit, [&"{\"type\":\"ris_error\"}".to_owned()]);
    daemon.wait_for("the server reports an error");
}

/// The kinds and reasons of so many mails, sorted: who gets out first is not decided.
fn told(relay: &Relay, mails: usize) -> Vec<String> {
    let told = |mail: Letter| {
        let header = |name| mail.header(name).unwrap();
        format!("{} {}", header("X-Originwatch-Kind"), header("X-Originwatch-Reason"))
    };
    let mut told: Vec<_> = (0..mails).map(|_| told(relay.next())).collect();
    told.sort();
    told
}

/// A router that has said what it says in this capture, up to where its peers go down.
fn router(port: u16) -> TcpStream {
    let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let capture = fs::read(shared("bmp/made/gobgp310-all-policies.bmp")).unwrap();
    let mut rest = capture.as_slice();
    // The common header (RFC 7854 section 4.1): version, length, type. 2 is Peer Down.
    while let [3, a, b, c, d, kind, ..] = *rest
        && kind != 2
    {
        let (message, after) = rest.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
        router.write_all(message).unwrap();
        rest = after;
    }
    router
}

/// Waits until the daemon has closed the connection.
fn closed(mut router: TcpStream) {
    router.set_read_timeout(Some(LIMIT)).unwrap();
    let end = router.read(&mut [0; 16]);
    let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(matches!(&end, Ok(0)) || end.as_ref().is_err_and(reset), "{end:?}");
}

#[test]
fn with_another_channel_the_connections_stay_and_nothing_is_in_doubt() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let (port, feed) = bmp::feed("127.0.0.1", "");
    let place = Place::new(relay.port, &(server.feed("firehose") + &feed));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"2s\"");
    place.edit("update_every = \"15m\"", "update_every = \"1s\"");
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    daemon.wait_for("edge1");
    let story = story(wall());
    let (open, over) = story.split_at(6);
    send(&visit, open);
    let opened = relay.next();
    append(&place, &mut daemon, ANOTHER_CHANNEL);
    // On the same connection another one lets it in, and then all is over.
    send(&visit, [&announce(wall(), 3, "198.18.0.0/21", &[103, 3356, 4761])]);
    let update = relay.next();
    send(&visit, over);
    send(&visit, [&announce(wall(), 3, "198.18.0.0/21", &[103, 64511, 64500])]);
    let resolved = relay.next();
    let told = [&opened, &update, &resolved].map(|one| one.header("X-Originwatch-Reason").unwrap());
    assert_eq!(told, ["opened", "update", "resolved"]);
    let ids = [&opened, &update, &resolved].map(|one| one.header("X-Originwatch-Incident"));
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    router.set_nonblocking(true).unwrap();
    let alive = (&router).read(&mut [0; 16]).unwrap_err();
    assert_eq!(alive.kind(), std::io::ErrorKind::WouldBlock);
    let said = daemon.stop();
    assert!(!said.contains("disconnected"), "{said}");
    assert_eq!((server.visitors(), relay.rest().len()), (0, 0));
    let vantage = &place.stored()[1]["vantage"];
    assert_eq!((&vantage["holding"], &vantage["unconfirmed"]), (&json!(3), &Value::Null));
}

#[test]
fn a_feed_that_is_removed_is_closed_and_its_vantage_points_go() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let (port, feed) = bmp::feed("127.0.0.1", "");
    let place = Place::new(relay.port, &(server.feed("firehose") + &feed));
    place.edit("resolve_after = \"15m\"", "resolve_after = \"1s\"");
    bmp::watch(&place, PREFIX);
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let router = router(port);
    let opened = told(&relay, 4);
    place.edit(&feed, "");
    append(&place, &mut daemon, "");
    closed(router);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let mut kinds = vec!["origin-hijack", "own-as-new-prefix", "sub-prefix-hijack"];
    let all =
        |kinds: &[&str], reason| kinds.iter().map(|k| format!("{k} {reason}")).collect::<Vec<_>>();
    assert_eq!(told(&relay, 3), all(&kinds, "resolved"));
    // That nobody tells of our prefix any more is no sign that it is back.
    kinds.push("visibility-loss");
    assert_eq!(opened, all(&kinds, "opened"));
    taken_in(&visit, &mut daemon);
    daemon.stop();
    assert_eq!(server.visitors(), 0);
}

#[test]
fn a_config_that_does_not_work_changes_nothing() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let good = fs::read_to_string(place.config()).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    // A file that is not there shows before anything is touched, a port that is taken only after.
    let secret =
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl_file = \"nowhere\"\n".to_owned();
    let port = format!("[web]\nlisten = \"{}\"\n", taken.local_addr().unwrap());
    for bad in [secret, port] {
        fs::write(place.config(), format!("{good}\n{bad}")).unwrap();
        daemon.signal("HUP");
        daemon.wait_for("the new config does not work: the old one stays");
        taken_in(&visit, &mut daemon);
    }
    send(&visit, &story(wall())[..6]);
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "origin-hijack");
    daemon.stop();
    assert_eq!(server.visitors(), 0);
}

#[test]
fn what_is_watched_anew_is_asked_for_on_the_open_connection() {
    let (relay, server) = (Relay::start(), Server::start(3));
    let place = Place::new(relay.port, &server.feed("watched"));
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    daemon.wait_for("subscribed");
    append(&place, &mut daemon, "[[watch]]\nprefix = \"203.0.113.0/24\"\n");
    let (sender, said) = channel();
    let [begun, ended]: [Value; 2] = [(); 2].map(|()| {
        visit.steps.send(Step::Read(sender.clone())).unwrap();
        said.recv_timeout(LIMIT).unwrap()
    });
    let before = ["198.18.0.0/21", "198.18.8.0/21"];
    let now = ["198.18.0.0/21", "198.18.8.0/21", "203.0.113.0/24"];
    let short = |said: &Value| json!([said["type"], said["data"]["prefix"]]);
    assert_eq!(short(&begun), json!(["ris_subscribe", now]));
    assert_eq!(short(&ended), json!(["ris_unsubscribe", before]));
    let hijack = |peer| announce(wall(), peer, "203.0.113.0/24", &[100 + peer, 4651, 4761]);
    send(&visit, &[hijack(1), hijack(2)]);
    let subject = relay.next().header("Subject").unwrap();
    assert!(subject.contains("hijack 203.0.113.0/24 by AS4761"), "{subject}");
    let said = daemon.stop();
    assert!(!said.contains("disconnected"), "{said}");
    assert_eq!(server.visitors(), 0);
}

#[test]
fn a_router_tells_its_table_anew_where_more_is_watched() {
    let relay = Relay::start();
    let (port, feed) = bmp::feed("127.0.0.1", "");
    let place = Place::new(relay.port, &feed);
    bmp::watch(&place, "192.0.2.0/24");
    let mut daemon = Daemon::start(&place.config());
    let first = router(port);
    daemon.wait_for("edge1");
    // A part of what is watched already is no news to it.
    append(&place, &mut daemon, "[[watch]]\nprefix = \"192.0.2.128/25\"\n");
    append(&place, &mut daemon, &format!("[[watch]]\nprefix = \"{PREFIX}\"\n"));
    closed(first);
    let _second = router(port);
    let kinds = ["origin-hijack", "sub-prefix-hijack", "visibility-loss"];
    assert_eq!(told(&relay, 3), kinds.map(|kind| format!("{kind} opened")));
    let said = daemon.stop();
    assert_eq!(said.matches("more is watched now").count(), 1, "{said}");
}

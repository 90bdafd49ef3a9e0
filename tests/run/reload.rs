//! SIGHUP: what the config says as before goes on as before.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use crate::play::LIMIT;
use crate::play::bmp;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_live::{announce, story, wall};
use crate::play::ris_server::{Server, Step};

/// A webhook where nobody listens, and where nothing is sent.
const ANOTHER_CHANNEL: &str = "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
                               [[route]]\nkinds = [\"roa-change\"]\nto = [\"hook\"]\n";

#[test]
fn with_another_channel_the_connections_stay_and_nothing_is_stale() {
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
    visit.send(open);
    let opened = relay.next();
    place.append(&mut daemon, ANOTHER_CHANNEL);
    // On the same connection another one lets it in, and then all is over.
    visit.send([&announce(wall(), 3, "198.18.0.0/21", &[103, 3356, 4761])]);
    let update = relay.next();
    visit.send(over);
    visit.send([&announce(wall(), 3, "198.18.0.0/21", &[103, 64511, 64500])]);
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
        visit.taken_in(&mut daemon);
    }
    visit.send(&story(wall())[..6]);
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "origin-hijack");
    daemon.stop();
    assert_eq!(server.visitors(), 0);
}

#[test]
fn what_is_watched_anew_is_asked_for_on_the_open_connection() {
    let (relay, server) = (Relay::start(), Server::start(4));
    let place = Place::new(relay.port, &server.feed("watched"));
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    daemon.wait_for("subscribed");
    place.append(&mut daemon, "[[watch]]\nprefix = \"203.0.113.0/24\"\n");
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
    visit.send(&[hijack(1), hijack(2)]);
    let subject = relay.next().header("Subject").unwrap();
    assert!(subject.contains("hijack 203.0.113.0/24 by AS4761"), "{subject}");
    let said = daemon.stop();
    assert!(!said.contains("disconnected"), "{said}");
    assert_eq!(server.visitors(), 0);
}

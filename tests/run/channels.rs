//! Channels beside mail, and a daemon that is killed while it delivers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use store::Store;

use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::originwatch;
use crate::play::relay::Relay;
use crate::play::spool::{self, drop_in, updates};

/// An HTTP server that takes everything: the signature and the body of each request.
pub(super) fn hook() -> (u16, Receiver<(bool, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, events) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut length, mut signed) = (0, false);
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
                signed |= name == "webhook-signature" && value.starts_with("v1,");
                if name == "content-length" {
                    length = value.parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            stream.get_mut().write_all(answer).unwrap();
            // A test that has seen enough takes no more.
            let _ = sender.send((signed, serde_json::from_slice(&body).unwrap()));
        }
    });
    (port, events)
}

#[test]
fn a_webhook_and_a_program_are_told_what_the_mailbox_is_and_no_secret_is_logged() {
    let relay = Relay::start();
    let (port, events) = hook();
    let place = spool::place(&relay);
    fs::write(place.path("url"), format!("http://127.0.0.1:{port}/T000/top-secret\n")).unwrap();
    fs::write(place.path("key"), "0123456789abcdef-secret\n").unwrap();
    let events_file = place.path("events");
    let script = format!("cat >> {0}; echo >> {0}", events_file.display());
    let channels = format!(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl_file = \"url\"\nsecret_file = \"key\"\n\
         [[channel]]\nname = \"program\"\ntype = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \"{script}\"]\n\
         [[channel]]\nname = \"broken\"\ntype = \"exec\"\ncommand = [\"/nowhere/pager\"]\n[[feed]]"
    );
    place.edit("[[feed]]", &channels);
    updates().iter().for_each(|file| drop_in(&place, file));
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("notification held: the config has to be put right");
    let incident = |course: &[(String, String)]| -> Vec<String> {
        let first = course.first().map(|(key, _)| key.clone());
        let of = course.iter().filter(|(key, _)| Some(key) == first.as_ref());
        of.map(|(_, reason)| reason.clone()).collect()
    };
    let expected =
        ["opened", "update", "update", "resolved", "reopened", "update", "resolved"].as_slice();
    let mut told: Vec<(String, String)> = Vec::new();
    while incident(&told).len() < expected.len() {
        let (signed, event) = events.recv_timeout(LIMIT).unwrap();
        assert!(signed);
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        told.push((text("key"), text("reason")));
    }
    assert_eq!(incident(&told), expected);
    let said = daemon.stop();
    assert!(!said.contains("secret"), "{said}");
    let ran = fs::read_to_string(events_file).unwrap();
    let ran: Vec<Value> = ran.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(ran.iter().any(|event| event["action"] == "open"), "{ran:?}");
}

#[test]
fn notifications_for_a_channel_that_is_gone_are_told() {
    let relay = Relay::start();
    let place = spool::place(&relay);
    let channel = "[[channel]]\nname = \"old\"\ntype = \"exec\"\ncommand = [\"/nowhere/pager\"]\n";
    place.edit("[[feed]]", &format!("{channel}[[feed]]"));
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("notification held: the config has to be put right");
    daemon.stop();
    place.edit(channel, "");
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("notifications wait for a channel that the config does not have");
    daemon.wait_for(" running ");
    daemon.stop();
    let arguments = ["mail", "queue", "-c"].map(std::ffi::OsStr::new);
    let run = originwatch(arguments.into_iter().chain([place.config().as_os_str()]));
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("(the config has no channel 'old')"), "{}", run.stdout);
}

#[test]
fn a_daemon_that_is_killed_again_and_again_delivers_everything() {
    const RECIPIENTS: usize = 12;
    let relay = Relay::start();
    let place = spool::place(&relay);
    let to: Vec<_> = (0..RECIPIENTS).map(|n| format!("\"noc{n}@example.net\"")).collect();
    place.edit("to = [\"noc@example.net\"]", &format!("to = [{}]", to.join(", ")));
    updates().iter().for_each(|file| drop_in(&place, file));
    let replayed = place.replayed(&[&place.path("rib.mrt.gz"), &place.path("spool")]);
    let expected: BTreeSet<_> = replayed
        .iter()
        .flat_map(|notice| {
            let id = notice["message_id"].as_str().unwrap().to_owned();
            (0..RECIPIENTS).map(move |n| (id.clone(), format!("noc{n}@example.net")))
        })
        .collect();
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut kills = 0;
    let mut daemon = Daemon::spawn(&place.config());
    while taken.len() < expected.len() {
        let mail = relay.next();
        *taken.entry((mail.id(), mail.header("To").unwrap())).or_default() += 1;
        // Every few mails, at another place each time.
        if taken.len() % 5 == kills % 5 {
            daemon.kill();
            kills += 1;
            daemon = Daemon::spawn(&place.config());
        }
    }
    daemon.kill();
    for mail in relay.rest() {
        *taken.entry((mail.id(), mail.header("To").unwrap())).or_default() += 1;
    }
    let repeats = taken.values().sum::<usize>() - taken.len();
    println!("killed {kills} times: {} mails, {repeats} repeated with the same id", taken.len());
    assert_eq!(taken.into_keys().collect::<BTreeSet<_>>(), expected);
    assert!(kills >= 10, "killed only {kills} times");
    let store = Store::open(&place.path("originwatch.db")).unwrap();
    assert_eq!(store.outbox().queue_length().unwrap().1, 0);
}

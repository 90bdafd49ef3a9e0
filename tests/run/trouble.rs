//! What the machine does to the daemon.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::{ReceivedMail, Relay};
use crate::play::ris_live::{story, wall};
use crate::play::ris_server::{Server, Step};

/// How much a process may write into a file (prlimit(1)).
fn limit(daemon: &Daemon, octets: &str) {
    let limit = format!("--fsize={octets}");
    let done = Command::new("prlimit").args(["--pid", &daemon.pid(), &limit]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_disk_that_is_full_stops_no_mail_and_nothing_is_lost() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    // Beyond the limit a write fails, as on a full disk; the signal that comes with it is ignored.
    let mut daemon = Daemon::run(Daemon::shell("trap '' XFSZ;", &place.config()));
    daemon.wait_for("subscribed");
    let visit = server.visit();
    limit(&daemon, "4096:unlimited");
    for message in &story(wall())[..6] {
        visit.steps.send(Step::Send(message.clone())).unwrap();
    }
    daemon.wait_for("the store cannot be written");
    let kinds = |mails: &[ReceivedMail]| {
        let kind = |mail: &ReceivedMail| mail.header("X-Originwatch-Kind").unwrap();
        mails.iter().map(kind).collect::<BTreeSet<_>>()
    };
    let from_memory = [relay.next(), relay.next()];
    assert_eq!(kinds(&from_memory), ["origin-hijack", "store-failing"].map(str::to_owned).into());
    for mail in &from_memory {
        let why = mail.header("X-Originwatch-Not-Stored").unwrap();
        assert!(why.starts_with("the store cannot be written: "), "{why}");
        assert!(mail.0.contains("Not stored, so this comes again when the store can be written:"));
    }
    // A new config while nothing can be written: it lives, and what is not written stays known.
    daemon.signal("HUP");
    daemon.wait_for(" running ");
    limit(&daemon, "unlimited");
    daemon.wait_for("the store can be written again");
    let mut stored = Vec::new();
    while stored.len() < 2 || kinds(&stored).len() < 2 {
        let mail = relay.next();
        if mail.header("X-Originwatch-Not-Stored").is_none() {
            stored.push(mail);
        }
    }
    let ids = |mails: &[ReceivedMail]| mails.iter().map(ReceivedMail::id).collect::<BTreeSet<_>>();
    assert!(ids(&stored).is_superset(&ids(&from_memory)));
    daemon.stop();
}

#[test]
fn a_store_that_is_deleted_while_in_use_is_told_and_written_anew_and_no_second_daemon_starts() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let mut daemon = Daemon::start(&place.config());
    for name in ["originwatch.db", "originwatch.db.lock"] {
        fs::remove_file(place.path(name)).unwrap();
    }
    daemon.wait_for("the store was deleted while in use, and is written anew");
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "store-failing");
    let (status, said) = Daemon::spawn(&place.config()).wait();
    assert_eq!(status.code(), Some(3), "{said}");
    assert!(said.contains("in use by another instance"), "{said}");
    daemon.stop();
    assert_eq!(place.stored().len(), 1);
}

#[test]
fn a_disk_that_is_full_at_the_start_keeps_no_daemon_from_starting() {
    let (relay, server) = (Relay::start(), Server::start(2));
    let place = Place::new(relay.port, &server.feed("firehose"));
    Daemon::start(&place.config()).stop();
    let shell = "trap '' XFSZ; ulimit -S -f 0;";
    let mut daemon = Daemon::run(Daemon::shell(shell, &place.config()));
    daemon.wait_for("the store cannot be written");
    assert_eq!(relay.next().header("X-Originwatch-Kind").unwrap(), "store-failing");
    limit(&daemon, "unlimited");
    daemon.wait_for("the store can be used, and holds what was kept in memory meanwhile");
    daemon.stop();
    assert_eq!(place.stored().len(), 1);
}

#[test]
fn a_store_that_is_corrupt_at_the_start_is_set_aside_and_told() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    fs::write(place.path("originwatch.db"), "this was a store once").unwrap();
    let mut daemon = Daemon::spawn(&place.config());
    let line = daemon.wait_for("the store was corrupt and is now ");
    let aside = line.split_once("is now ").unwrap().1.split(';').next().unwrap().to_owned();
    assert_eq!(fs::read_to_string(place.path(&aside)).unwrap(), "this was a store once");
    daemon.wait_for(" running ");
    let mail = relay.next();
    assert_eq!(mail.header("X-Originwatch-Kind").unwrap(), "store-failing");
    assert!(mail.0.contains("a new one was begun"), "{}", mail.0);
    daemon.stop();
}

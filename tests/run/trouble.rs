//! What the machine does to the daemon.

use std::process::Command;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_live::{story, wall};
use crate::play::ris_server::{Server, Step};

/// How much a process may write into a file (prlimit(1)).
fn limit(daemon: &Daemon, octets: &str) {
    let limit = format!("--fsize={octets}");
    let done = Command::new("prlimit").args(["--pid", &daemon.pid(), &limit]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_is_lost() {
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
    daemon.wait_for("the store cannot be written: trying again until it can");
    assert_eq!(relay.rest().len(), 0);
    limit(&daemon, "unlimited");
    let mail = relay.next();
    assert_eq!(mail.header("X-Originwatch-Kind").unwrap(), "origin-hijack");
    daemon.stop();
}

//! What a machine does to the daemon that only a real one does: its clock is set, its disk is full.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::process::Command;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::{ReceivedMail, Relay};
use crate::play::ris_live::{announce, wall};
use crate::play::ris_server::{Server, Visit};
use crate::play::root;

/// Another AS each announces its own part of what is ours, and two vantage points see it.
fn hijack(visit: &Visit, numbers: Range<u32>) {
    for number in numbers {
        let prefix = format!("198.18.{}.{}/27", number / 8, number % 8 * 32);
        let seen =
            [1, 2].map(|peer| announce(wall(), peer, &prefix, &[100 + peer, 3356, 1000 + number]));
        visit.send(&seen);
    }
}

/// What the next mails say that open an incident of another origin, as many as there are to be.
#[track_caller]
fn opened(relay: &Relay, mails: usize) -> Vec<ReceivedMail> {
    let is_hijack = |mail: &ReceivedMail| {
        let is = |name: &str, value: &str| mail.header(name).as_deref() == Some(value);
        is("X-Originwatch-Kind", "sub-prefix-hijack") && is("X-Originwatch-Reason", "opened")
    };
    std::iter::repeat_with(|| relay.next()).filter(is_hijack).take(mails).collect()
}

/// An hour ahead at the start, then right, ahead for a moment while it runs, and right again.
#[test]
fn a_wall_clock_that_is_set_either_way_loses_and_delays_nothing() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let feed = server.feed("firehose");
    let place = Place::new(relay.port, &format!("{feed}[storm]\nincidents = 100\n"));
    let (shim, off) = (place.path("clock.so"), place.path("off"));
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&shim).arg(root().join("tests/real/clock.c"));
    assert!(compiler.arg("-ldl").status().unwrap().success());
    fs::write(&off, "3600").unwrap();
    let mut command = Daemon::command(&place.config());
    command.env("LD_PRELOAD", &shim).env("WALL_CLOCK_OFF", &off);
    let mut daemon = Daemon::run(command);
    let visit = server.visit();
    hijack(&visit, 0..10);
    let mut mails = opened(&relay, 10);
    for (seconds, way, numbers) in
        [("0", "back", 10..20), ("7200", "forward", 20..30), ("0", "back", 30..40)]
    {
        fs::write(&off, seconds).unwrap();
        daemon.wait_for(&format!("clock stepped {way}"));
        hijack(&visit, numbers);
        mails.extend(opened(&relay, 10));
    }
    let ids: BTreeSet<_> = mails.iter().map(ReceivedMail::id).collect();
    assert_eq!(ids.len(), 40);
    daemon.stop();
}

/// The store lies on a disk of eight megabytes, of which something else takes the rest.
#[test]
fn a_disk_that_is_full_delays_nothing_and_what_was_not_stored_comes_again() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    fs::create_dir(place.path("disk")).unwrap();
    let text = fs::read_to_string(place.config()).unwrap();
    fs::write(place.config(), format!("{text}[store]\npath = \"disk/originwatch.db\"\n")).unwrap();
    let mut command = Command::new("unshare");
    let mount = "mount -t tmpfs -o size=8m tmpfs \"$2\" && exec \"$0\" run -c \"$1\"";
    command.args(["--mount", "sh", "-c", mount, env!("CARGO_BIN_EXE_originwatch")]);
    command.arg(place.config()).arg(place.path("disk"));
    let mut daemon = Daemon::run(command);
    let visit = server.visit();
    daemon.wait_for(" running ");
    // As the daemon sees it.
    let disk = format!("/proc/{}/root{}", daemon.pid(), place.path("disk").display());
    let mut rest = fs::File::create(format!("{disk}/rest")).unwrap();
    while rest.write(&[0; 4096]).is_ok() {}
    hijack(&visit, 0..1);
    let from_memory = opened(&relay, 1).remove(0);
    assert!(from_memory.header("X-Originwatch-Not-Stored").is_some(), "{}", from_memory.0);
    fs::remove_file(format!("{disk}/rest")).unwrap();
    drop(rest);
    daemon.wait_for("the store can be written again");
    let stored = opened(&relay, 1).remove(0);
    assert_eq!(stored.header("X-Originwatch-Not-Stored"), None);
    assert_eq!(stored.id(), from_memory.id());
    daemon.stop();
}

//! One reading path: what a replay says of a recording the daemon says too, whichever feed brings the same
//! octets.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::thread;

use bgp::Prefix;
use parser::{Element, ElementKind, Everything, Item, Reader};
use serde_json::Value;

use crate::play::bmp;
use crate::play::daemon::Daemon;
use crate::play::place::{Place, without_feeds, without_times};
use crate::play::relay::Relay;
use crate::play::ris_server::Server;
use crate::play::{notices, originwatch};
use crate::recordings;

/// Prefixes of a recording that are watched as if they were ours: whoever announces them is a stranger.
const WATCHED: usize = 20;

/// The prefixes that a recording tells of most often, and some of the others.
fn prefixes(octets: &[u8]) -> Vec<Prefix> {
    let mut counts: BTreeMap<Prefix, u64> = BTreeMap::new();
    let mut reader = Reader::new(octets, "");
    let mut count = |element: &Element<'_>| {
        let (ElementKind::Announce { nlri, .. } | ElementKind::Rib { nlri, .. }) = element.kind
        else {
            return;
        };
        if nlri.prefix.length() >= 8 {
            *counts.entry(nlri.prefix).or_default() += 1;
        }
    };
    while reader.read_record(&Everything, &mut |item| {
        if let Item::Element(ref element) = item {
            count(element);
        }
    }) {}
    let step = (counts.len() / (WATCHED / 2)).max(1);
    let mut picked: Vec<_> = counts.keys().step_by(step).take(WATCHED / 2).copied().collect();
    let mut often: Vec<_> = counts.into_iter().collect();
    often.sort_by_key(|(prefix, count)| (std::cmp::Reverse(*count), *prefix));
    picked.extend(often.into_iter().take(WATCHED / 2).map(|(prefix, _)| prefix));
    picked.sort();
    picked.dedup();
    picked
}

/// A place that watches these prefixes, and no others, by one feed.
fn place(prefixes: &[Prefix], relay: &Relay, feed: &str) -> Place {
    let place = Place::new(relay.port, feed);
    let text = fs::read_to_string(place.config()).unwrap();
    let (head, tail) = text.split_once("[[watch]]").unwrap();
    let (_, tail) = tail.split_once("[rpki]").unwrap();
    let watch = |prefix: &Prefix| format!("[[watch]]\nprefix = \"{prefix}\"\norigins = [64500]\n");
    let watches: String = prefixes.iter().map(watch).collect();
    fs::write(place.config(), format!("{head}{watches}\n[rpki]{tail}")).unwrap();
    // A replay tells at its end what was gathering, and a daemon has no end.
    place.edit("min_vantage_ases = 2", "min_vantage_ases = 1\nopen_after = \"0s\"");
    place
}

/// At its end a replay tells what the daemon still gathers; and the store has an order of its own.
fn lasting(notices: Vec<Value>) -> Vec<Value> {
    let mut notices = notices;
    notices.retain(|notice| notice["reason"] != "update");
    notices.sort_by_key(|notice| notice["message_id"].to_string());
    notices
}

/// What opened, however long after the record the clock of the wall was read.
fn opened(notices: Vec<Value>) -> Vec<String> {
    let notices = without_times(notices).into_iter();
    let opened = notices.filter(|notice| notice["reason"] == "opened");
    // The health of the feed itself is no matter of the recording.
    let opened = opened.filter(|notice| notice["prefix_count"] != 0);
    // The name of an incident is that of a moment, and some routers do not say when it was.
    let said =
        |n: Value| format!("{} {} {} {}", n["kind"], n["subject"], n["offenders"], n["prefixes"]);
    let mut opened: Vec<_> = opened.map(said).collect();
    opened.sort();
    opened
}

fn by_folder(file: &str) -> usize {
    let relay = Relay::start();
    let octets = fs::read(recordings::path(file)).unwrap();
    let prefixes = prefixes(&octets);
    if prefixes.is_empty() {
        return 0;
    }
    let place = place(&prefixes, &relay, "[[feed]]\ntype = \"mrt-dir\"\npath = \"spool\"\n");
    let copy = place.path("spool/1-recording");
    fs::write(&copy, &octets).unwrap();
    // Behind it, so that it is complete at once, and so that its end is seen.
    fs::write(place.path("spool/2-end"), b"").unwrap();
    let replayed = replayed(&place, &copy);
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("2-end");
    daemon.stop();
    let stored = lasting(without_feeds(place.stored()));
    let replayed = lasting(without_feeds(replayed));
    assert_eq!(stored, replayed, "{file}");
    stored.len()
}

/// What a replay says, however damaged the recording is.
fn replayed(place: &Place, recording: &Path) -> Vec<Value> {
    let arguments = ["replay", "--format", "json", "-c"].map(Path::new);
    let run = originwatch(arguments.into_iter().chain([&*place.config(), recording]));
    notices(&run.stdout)
}

#[test]
fn every_mrt_recording_gives_by_a_folder_what_a_replay_gives() {
    let files = recordings::mrt();
    assert_eq!(files.len(), recordings::MRT_FILES, "{files:?}");
    let notices: usize = thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(4));
        let threads: Vec<_> = parts
            .map(|part| scope.spawn(|| part.iter().map(|file| by_folder(file)).sum::<usize>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(notices > 100, "{notices}");
}

#[test]
fn every_bmp_recording_gives_by_a_router_what_a_replay_gives() {
    let mut incidents = 0;
    for file in recordings::bmp() {
        let path = recordings::path(&file);
        let (relay, octets) = (Relay::start(), fs::read(&path).unwrap());
        let (port, feed) = bmp::feed("127.0.0.1", "silent_after = \"1h\"");
        let place = place(&prefixes(&octets), &relay, &feed);
        let replayed = opened(place.replayed(&[&path]));
        let mut daemon = Daemon::start(&place.config());
        let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
        router.write_all(&octets).unwrap();
        drop(router);
        daemon.wait_for("disconnected: closed by the router");
        daemon.stop();
        assert_eq!(opened(place.stored()), replayed, "{file}");
        incidents += replayed.len();
    }
    assert!(incidents > 5, "{incidents}");
}

#[test]
fn every_ris_live_recording_gives_by_a_stream_what_a_replay_gives() {
    let mut incidents = 0;
    for file in recordings::ris_live() {
        let path = recordings::path(&file);
        let text = fs::read_to_string(&path).unwrap();
        let (relay, server) = (Relay::start(), Server::start(1));
        let place = place(&prefixes(text.as_bytes()), &relay, &server.feed("firehose"));
        let replayed = opened(replayed(&place, &path));
        let mut daemon = Daemon::start(&place.config());
        let visit = server.visit();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        visit.send(&lines);
        visit.taken_in(&mut daemon);
        daemon.stop();
        assert_eq!(opened(place.stored()), replayed, "{file}");
        incidents += replayed.len();
    }
    assert!(incidents > 10, "{incidents}");
}

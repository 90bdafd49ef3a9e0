//! The ledger: kill it anywhere, start it again, and nobody can tell.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use alerter::desk::{DeskRules, Routing};
use alerter::store::{Destination, Ledger, Store, StoreError};
use bgp::Timestamp;
use validator::Finding;

use crate::lab::{FIRST, Lab, SECOND, at, directory, rules, sources};

const FEED: &str = "script";
/// What a player says once it has its script.
const PLAYING: &str = "now playing";

/// A fresh folder, removed when the test has passed.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("originwatch-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("originwatch.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

fn noc() -> Vec<Destination> {
    ["noc@example.net", "night@example.net"]
        .map(|address| Destination { channel: "mail".into(), address: address.into() })
        .into()
}

/// Everything at once to everyone.
fn desk_rules() -> DeskRules {
    let routing = Routing::to_all(noc());
    DeskRules { routing, storm: None, ceiling: None, ..DeskRules::default() }
}

pub(crate) fn open(path: &Path) -> Result<Ledger, StoreError> {
    Ok(Ledger::open(path, rules(), desk_rules(), directory().into(), sources())?.0)
}

/// Forty incidents that open, spread, clear, resolve and reopen: each step a finding.
fn script() -> Vec<(Timestamp, Finding)> {
    let mut lab = Lab::recorder();
    for n in 0..40 {
        lab.announce(-3600, n, FIRST, &[100 + n, 64510, 64500]);
        lab.announce(-3600, n, SECOND, &[100 + n, 64511, 64500]);
    }
    for round in 0..40u32 {
        let (offender, start) = (7000 + round % 25, i64::from(round) * 4000);
        for n in 0..6 {
            let prefix = if n % 2 == 0 { FIRST } else { SECOND };
            lab.announce(start + i64::from(n) * 60, n, prefix, &[100 + n, 4651, offender]);
            lab.announce(start + 1, n, &format!("203.{n}.0.0/16"), &[100 + n, 4651, offender]);
        }
        for n in 0..6 {
            lab.recover(start + 1200 + i64::from(n), n, FIRST);
            lab.recover(start + 1200 + i64::from(n), n, SECOND);
        }
    }
    lab.recorded
}

/// Plays the script from where the store says that it was read to; a commit every few steps, as
/// a busy feed makes them.
pub(crate) fn play(path: &Path) {
    let script = script();
    println!("{PLAYING}");
    let mut ledger = open(path).unwrap();
    let position = ledger.store().position(FEED).unwrap();
    let from = position.map_or(0, |position| position.parse().unwrap());
    for (index, (now, finding)) in script.iter().enumerate().skip(from) {
        ledger.handle_timeout(*now);
        ledger.handle(*now, finding.clone());
        ledger.set_position(FEED, (index + 1).to_string());
        if ledger.has_notices() || index % 20 == 0 {
            ledger.commit().unwrap();
            println!("committed {index}");
        }
    }
    ledger.close().unwrap();
}

/// Not a test of its own: the process that `kill_nine_loses_and_doubles_nothing` kills.
#[test]
fn player() {
    if let Ok(path) = std::env::var("ORIGINWATCH_TEST_STORE") {
        play(Path::new(&path));
    }
}

fn notices(path: &Path) -> Vec<String> {
    Store::open(path).unwrap().notices().unwrap()
}

#[test]
fn kill_nine_loses_and_doubles_nothing() {
    let (whole, killed) = (Folder::new("whole"), Folder::new("killed"));
    play(&whole.store());
    let mut kills = 0;
    loop {
        let mut player = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::player", "--nocapture"])
            .env("ORIGINWATCH_TEST_STORE", killed.store())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(player.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(PLAYING)));
        // A few commits further, then any moment will do: folding the journal, between two
        // commits, within one, in a checkpoint.
        let ended = lines.nth(kills % 13).is_none();
        if ended {
            assert!(player.wait().unwrap().success());
            break;
        }
        player.kill().unwrap();
        player.wait().unwrap();
        kills += 1;
    }
    println!("killed {kills} times");
    assert!(kills >= 20, "killed only {kills} times: the script is too short to prove anything");
    let (expected, found) = (notices(&whole.store()), notices(&killed.store()));
    assert!(expected.len() > 100, "{}", expected.len());
    assert_eq!(expected, found);
    let queue = |path: &Path| Store::open(path).unwrap().queue_length().unwrap();
    assert_eq!(queue(&whole.store()), queue(&killed.store()));
    assert_eq!(queue(&whole.store()).0, 2 * expected.len() as u64);
}

#[test]
fn a_second_instance_is_refused_and_a_reader_is_not() {
    let folder = Folder::new("second");
    let _first = open(&folder.store()).unwrap();
    let error = open(&folder.store()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    let reader = rusqlite::Connection::open(folder.store()).unwrap();
    let count: i64 = reader.query_row("SELECT count(*) FROM notice", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let folder = Folder::new("foreign");
    let other = rusqlite::Connection::open(folder.store()).unwrap();
    other.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    drop(other);
    let before = std::fs::read(folder.store()).unwrap();
    assert!(matches!(open(&folder.store()).unwrap_err(), StoreError::Foreign));
    assert_eq!(std::fs::read(folder.store()).unwrap(), before);
    std::fs::write(folder.store(), b"not a database at all, but long enough to look at").unwrap();
    assert!(matches!(open(&folder.store()).unwrap_err(), StoreError::Sqlite(_)));
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let folder = Folder::new("newer");
    open(&folder.store()).unwrap().close().unwrap();
    let newer = rusqlite::Connection::open(folder.store()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = open(&folder.store()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn the_outbox_keeps_the_order_of_a_thread_and_lets_others_pass() {
    let folder = Folder::new("outbox");
    let mut ledger = open(&folder.store()).unwrap();
    for (now, finding) in script().into_iter().take(200) {
        ledger.handle(now, finding);
    }
    let notices = ledger.commit().unwrap();
    assert!(notices.len() > 3);
    let store = ledger.store();
    let due = |second| store.due(at(second), 1000).unwrap();
    let first = due(1_000_000);
    let same_thread =
        |id: &str| notices.iter().find(|n| n.message_id == id).unwrap().incident.clone();
    let mut threads: Vec<_> =
        first.iter().map(|d| (same_thread(&d.message_id), d.destination.address.clone())).collect();
    threads.sort();
    let count = threads.len();
    threads.dedup();
    assert_eq!(threads.len(), count, "two of one thread at the same time");
    // One destination defers: its thread waits, everything else goes on.
    let stuck = &first[0];
    store.deferred(stuck.number, at(2_000_000), "450 later").unwrap();
    for delivery in &first[1..] {
        store.taken(delivery.number).unwrap();
    }
    assert!(due(1_000_000).iter().all(|delivery| {
        same_thread(&delivery.message_id) != same_thread(&stuck.message_id)
            || delivery.destination != stuck.destination
    }));
    let retried = due(2_000_000).into_iter().find(|d| d.number == stuck.number).unwrap();
    assert_eq!((retried.attempts, retried.last_error.as_deref()), (1, Some("450 later")));
    store.dead(stuck.number, "550 gone").unwrap();
    assert_eq!(store.queue_length().unwrap().1, 1);
}

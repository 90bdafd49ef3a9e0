//! The journal: kill it anywhere, start it again, and nobody can tell.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};

use alerter::dispatch::{Action, Command, DispatchRules, Routing};
use alerter::{AnnotatedNotice, Content, Operator, Scope};
use alerter::{ChannelName, Receiver};
use bgp::Timestamp;
use store::{Delivery, Journal, Store, StoreError};
use validator::{Finding, IncidentKind};

use crate::lab::{FIRST, Lab, SECOND, at, directory, rules, sources};

const FEED: &str = "script";
/// What a player says once it has its script.
const PLAYING: &str = "now playing";

/// A fresh folder, removed when the test has passed.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("originwatch-{name}-{}", process::id()));
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

fn noc() -> Vec<Receiver> {
    ["noc@example.net", "night@example.net"]
        .map(|address| Receiver { channel: "mail".into(), address: address.into() })
        .into()
}

/// Everything at once to everyone.
pub(crate) fn dispatch_rules() -> DispatchRules {
    let routing = Routing::to_all(noc());
    DispatchRules { routing, storm: None, notification_limit: None, ..DispatchRules::default() }
}

pub(crate) fn open(path: &Path) -> Result<Journal, StoreError> {
    Ok(Journal::open(path, rules(), dispatch_rules(), directory().into(), sources())?.0)
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
    let mut journal = open(path).unwrap();
    let position = journal.store().position(FEED).unwrap();
    let from = position.map_or(0, |position| position.parse().unwrap());
    for (index, (now, finding)) in script.iter().enumerate().skip(from) {
        journal.handle_timeout(*now);
        journal.handle(*now, finding.clone());
        journal.set_position(FEED, (index + 1).to_string());
        if journal.has_notices() || index % 20 == 0 {
            journal.commit(at(1_000_000)).unwrap();
            println!("committed {index}");
        }
    }
    journal.close(at(1_000_000)).unwrap();
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
        let mut player = process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::player", "--nocapture"])
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
    let queue = |path: &Path| Store::open(path).unwrap().outbox().queue_length().unwrap();
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
    open(&folder.store()).unwrap().close(at(1_000_000)).unwrap();
    let newer = rusqlite::Connection::open(folder.store()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = open(&folder.store()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
}

#[test]
fn the_outbox_keeps_the_order_of_a_thread_and_lets_others_pass() {
    let folder = Folder::new("outbox");
    let mut journal = open(&folder.store()).unwrap();
    for (now, finding) in script().into_iter().take(200) {
        journal.handle(now, finding);
    }
    let notices = journal.commit(at(1_000_000)).unwrap();
    assert!(notices.len() > 3);
    let store = journal.store();
    let due = |second| store.outbox().due(&ChannelName::Mail, at(second), 1000).unwrap();
    let first = due(1_000_000);
    let same_thread =
        |id: &str| notices.iter().find(|n| n.message_id == id).unwrap().incident.clone();
    let mut threads: Vec<_> =
        first.iter().map(|d| (same_thread(&d.message_id), d.receiver.address.clone())).collect();
    threads.sort();
    let count = threads.len();
    threads.dedup();
    assert_eq!(threads.len(), count, "two of one thread at the same time");
    // One receiver defers: its thread waits, everything else goes on.
    let stuck = &first[0];
    store.outbox().record_deferred(stuck.number, at(2_000_000), "450 later").unwrap();
    for delivery in &first[1..] {
        store.outbox().record_taken(delivery.number).unwrap();
    }
    assert!(due(1_000_000).iter().all(|delivery| {
        same_thread(&delivery.message_id) != same_thread(&stuck.message_id)
            || delivery.receiver != stuck.receiver
    }));
    let retried = due(2_000_000).into_iter().find(|d| d.number == stuck.number).unwrap();
    assert_eq!((retried.attempts, retried.last_error.as_deref()), (1, Some("450 later")));
    store.outbox().record_dead(stuck.number, "550 gone").unwrap();
    assert_eq!(store.outbox().queue_length().unwrap().1, 1);
}

/// The store as the first version of the schema had it, with a notice that waits for one of two.
fn old_store(path: &Path) -> Vec<AnnotatedNotice> {
    let mut lab = Lab::with_baseline();
    lab.hijack(5, 10, FIRST);
    lab.hijack(6, 11, FIRST);
    lab.hijack(1000, 12, SECOND);
    let old = rusqlite::Connection::open(path).unwrap();
    old.execute_batch(include_str!("../../src/schema/1-engine.sql")).unwrap();
    old.execute_batch("PRAGMA application_id = 1331126644; PRAGMA user_version = 1").unwrap();
    let engine = lab.incidents.save().unwrap();
    old.execute("INSERT INTO checkpoint VALUES (1, ?)", [engine]).unwrap();
    let told = |notice| AnnotatedNotice::new(notice, &Operator::default());
    let notices: Vec<_> = lab.notices.into_iter().map(told).collect();
    for notice in &notices {
        let (id, at) = (&notice.message_id, notice.at.micros());
        let mut json = serde_json::to_value(notice).unwrap();
        json.as_object_mut().unwrap().remove("marks");
        let row =
            rusqlite::params![id, notice.incident.as_str(), notice.sequence, at, json.to_string()];
        old.execute("INSERT INTO notice VALUES (?, ?, ?, ?, ?)", row).unwrap();
        for (address, state) in [("noc@example.net", "taken"), ("night@example.net", "waiting")] {
            let row = rusqlite::params![id, address, at, state];
            let insert =
                "INSERT INTO outbox (message_id, channel, address, created, next_attempt, state)
                          VALUES (?1, 'mail', ?2, ?3, ?3, ?4)";
            old.execute(insert, row).unwrap();
        }
    }
    notices
}

/// What versions wrote that did not pack it.
#[test]
fn a_checkpoint_in_plain_json_is_read() {
    let folder = Folder::new("plain");
    old_store(&folder.store());
    let before = open(&folder.store()).unwrap();
    let saved = before.incidents().save().unwrap();
    drop(before);
    let mut plain = String::new();
    flate2::read::GzDecoder::new(saved.as_slice()).read_to_string(&mut plain).unwrap();
    assert!(plain.starts_with('{'));
    let store = rusqlite::Connection::open(folder.store()).unwrap();
    assert_eq!(store.execute("UPDATE checkpoint SET engine = ?", [plain.as_bytes()]).unwrap(), 1);
    drop(store);
    let after = open(&folder.store()).unwrap();
    assert_eq!(after.incidents().save().unwrap(), saved);
    assert_eq!(after.summaries().len(), 1);
}

#[test]
fn an_older_store_goes_on_and_its_queue_too() {
    let folder = Folder::new("older");
    let notices = old_store(&folder.store());
    assert_eq!(notices.len(), 2);
    let mut journal = open(&folder.store()).unwrap();
    let due =
        |journal: &Journal| journal.store().outbox().due(&ChannelName::Mail, at(9000), 10).unwrap();
    let first = due(&journal);
    let ids = |due: &[Delivery]| due.iter().map(|d| d.message_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&first), [notices[0].message_id.clone()]);
    assert_eq!(first[0].receiver.address, "night@example.net");
    assert!(first[0].urgent);
    let content: Content = serde_json::from_str(&first[0].content).unwrap();
    assert_eq!(content, Content::Notice(Box::new(notices[0].clone())));
    journal.store().outbox().record_taken(first[0].number).unwrap();
    assert_eq!(ids(&due(&journal)), [notices[1].message_id.clone()]);
    assert_eq!(journal.store().outbox().queue_length().unwrap(), (1, 0));
    // Everyone was told that it opened, so everyone is told the end.
    let mut lab = Lab::recorder();
    lab.withdraw(2000, 10, FIRST);
    lab.withdraw(2000, 11, FIRST);
    lab.withdraw(2000, 12, SECOND);
    for (now, finding) in lab.recorded {
        journal.handle(now, finding);
    }
    journal.handle_timeout(at(3000));
    assert_eq!(journal.commit(at(1_000_000)).unwrap().len(), 1);
    assert_eq!(journal.store().outbox().queue_length().unwrap(), (3, 0));
    assert_eq!(journal.store().notices().unwrap().len(), 3);
}

#[test]
fn orders_outlive_a_crash_and_a_notification_is_written_with_what_explains_it() {
    let (whole, broken) = (Folder::new("orders-whole"), Folder::new("orders-broken"));
    let script: Vec<_> = script().into_iter().take(400).collect();
    let play = |path: &Path, crash: usize| {
        let mut journal = open(path).unwrap();
        for (index, (now, finding)) in script.iter().enumerate() {
            if index > 0 && index % crash == 0 {
                drop(journal);
                journal = open(path).unwrap();
            }
            journal.handle(*now, finding.clone());
            if index == 150 {
                let incident = journal.incidents().view().open()[0].incident.clone();
                // Till the middle of the next incident.
                let until = *now + std::time::Duration::from_secs(3400);
                let mute = Action::Mute { scope: Scope::Kind(IncidentKind::OriginHijack), until };
                for action in [Action::Acknowledge { incident }, mute] {
                    journal.command(*now, Command { by: "ann".into(), action }).unwrap();
                }
            }
            journal.commit(at(1_000_000)).unwrap();
        }
        let annotations: Vec<_> =
            journal.summaries().into_iter().map(|summary| summary.annotations).collect();
        (
            annotations,
            journal.store().notifications().unwrap(),
            journal.store().outbox().queue_length().unwrap(),
        )
    };
    let (expected, found) = (play(&whole.store(), usize::MAX), play(&broken.store(), 7));
    assert!(
        expected.1.iter().any(|notification| notification.contains("\"held\"")),
        "nothing was held back"
    );
    assert_eq!(expected, found);
}

#[test]
fn what_is_urgent_goes_first_and_what_was_given_up_can_be_tried_again() {
    let folder = Folder::new("urgent");
    let mut journal = open(&folder.store()).unwrap();
    let condition = |subject: &str| Finding::Condition {
        at: at(0),
        kind: IncidentKind::RouterDown,
        subject: subject.into(),
        details: vec![],
        active: true,
    };
    journal.handle(at(0), condition("edge1"));
    let mut lab = Lab::recorder();
    lab.hijack(5, 10, FIRST);
    lab.hijack(6, 11, FIRST);
    for (now, finding) in lab.recorded {
        journal.handle(now, finding);
    }
    journal.commit(at(1_000_000)).unwrap();
    let store = journal.store();
    let urgent = |limit| {
        store
            .outbox()
            .due(&ChannelName::Mail, at(9), limit)
            .unwrap()
            .iter()
            .map(|d| d.urgent)
            .collect::<Vec<_>>()
    };
    assert_eq!(urgent(10), [true, true, false, false]);
    assert_eq!(urgent(3), [true, true, false]);
    assert_eq!(store.outbox().next_due(&ChannelName::Mail).unwrap(), Some(at(0)));
    for delivery in store.outbox().due(&ChannelName::Mail, at(9), 10).unwrap() {
        store.outbox().record_dead(delivery.number, "550 gone").unwrap();
    }
    assert_eq!(
        (
            store.outbox().next_due(&ChannelName::Mail).unwrap(),
            store.outbox().queue_length().unwrap()
        ),
        (None, (0, 4))
    );
    assert_eq!(store.outbox().requeue(at(20)).unwrap(), 4);
    assert_eq!(store.outbox().queue_length().unwrap(), (4, 0));
    assert_eq!(store.outbox().next_due(&ChannelName::Mail).unwrap(), Some(at(20)));
    assert_eq!(store.outbox().due(&ChannelName::Mail, at(20), 10).unwrap().len(), 4);
}

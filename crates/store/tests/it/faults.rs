//! A store that takes nothing for a while: nothing is lost, and nothing is done twice.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use alerter::ChannelName;
use bgp::Timestamp;
use rusqlite::Connection;
use store::{Displaced, Journal, Opening, Request, StoreClient, StoreError, Substitute};
use validator::{Finding, IncidentKind};

use crate::journal::{Folder, dispatch_rules, open};
use crate::lab::{at, directory, rules};

/// From now on nothing can be written of what the engine takes in, as on a full disk.
fn fill(path: &Path) {
    let fill = "CREATE TRIGGER full BEFORE INSERT ON position
                BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    Connection::open(path).unwrap().execute_batch(fill).unwrap();
}

fn free(path: &Path) {
    Connection::open(path).unwrap().execute_batch("DROP TRIGGER full").unwrap();
}

fn begin(path: &Path) -> Result<(Journal, Opening, Option<Substitute>), StoreError> {
    Journal::open_or_begin(path, at(0), rules(), dispatch_rules(), directory().into())
}

fn silent(now: Timestamp, number: usize, active: bool) -> Finding {
    let (kind, subject) = (IncidentKind::FeedSilent, format!("feed {number}"));
    Finding::Condition { at: now, kind, subject, details: vec!["nothing".to_owned()], active }
}

#[test]
fn what_cannot_be_written_is_kept_through_new_rules_and_written_later() {
    let folder = Folder::new("full");
    let path = folder.store();
    let mut journal = open(&path).unwrap();
    fill(&path);
    for second in 0..3 {
        let number = usize::try_from(second).unwrap();
        journal.handle(at(second), silent(at(second), number, true));
        journal.set_position("feed", second.to_string());
        assert!(journal.commit(at(second)).unwrap_err().to_string().contains("full"));
        assert_eq!(journal.unwritten().len(), number + 1);
    }
    let ids: Vec<_> =
        journal.unwritten().iter().map(|one| one.content.message_id().to_owned()).collect();
    journal.change_rules(rules(), dispatch_rules(), directory().into()).unwrap();
    assert!(journal.commit(at(3)).is_err());
    free(&path);
    journal.commit(at(3)).unwrap();
    assert!(journal.unwritten().is_empty());
    drop(journal);
    let mut journal = open(&path).unwrap();
    let due = journal.store().outbox().due(&ChannelName::Mail, at(3), 10).unwrap();
    let stored: std::collections::BTreeSet<_> =
        due.into_iter().map(|delivery| delivery.message_id).collect();
    assert_eq!(stored, ids.into_iter().collect());
    assert_eq!(journal.store().position("feed").unwrap().as_deref(), Some("2"));
    // What it knew it still knows.
    journal.handle(at(9), silent(at(9), 0, false));
    journal.handle_timeout(at(20_000));
    assert_eq!(journal.commit(at(20_000)).unwrap().len(), 1);
}

#[test]
fn a_store_that_is_full_for_long_costs_no_memory_without_end_and_no_knowledge() {
    let (folder, other) = (Folder::new("long"), Folder::new("never-full"));
    let path = folder.store();
    let (mut journal, mut never_full) = (open(&path).unwrap(), open(&other.store()).unwrap());
    fill(&path);
    for step in 0..30_000_i64 {
        let finding = silent(at(step), usize::try_from(step % 3).unwrap(), step % 2 == 0);
        never_full.handle(at(step), finding.clone());
        journal.handle(at(step), finding);
        if step % 10_000 == 0 {
            journal.set_position("feed", step.to_string());
            never_full.set_position("feed", step.to_string());
            assert!(journal.commit(at(step)).is_err());
        }
    }
    free(&path);
    let end = at(30_000);
    assert_eq!(journal.commit(end).unwrap(), never_full.commit(end).unwrap());
    drop((journal, never_full));
    let (journal, never_full) = (open(&path).unwrap(), open(&other.store()).unwrap());
    assert_eq!(journal.summaries(), never_full.summaries());
    assert_eq!(
        journal.store().outbox().queue_length().unwrap(),
        never_full.store().outbox().queue_length().unwrap()
    );
}

#[test]
fn a_request_is_done_once_however_long_its_answer_cannot_be_written() {
    let folder = Folder::new("answers");
    let path = folder.store();
    let mut journal = open(&path).unwrap();
    StoreClient::open(&path).unwrap().ask(at(0), &Request::Flush).unwrap();
    fill(&path);
    assert_eq!(journal.take_requests(at(1), at(1)).unwrap(), 1);
    journal.set_position("feed", "1");
    assert!(journal.commit(at(1)).is_err());
    assert_eq!(journal.take_requests(at(2), at(2)).unwrap(), 0);
    free(&path);
    journal.commit(at(2)).unwrap();
    assert_eq!(journal.take_requests(at(3), at(3)).unwrap(), 0);
}

/// `mail flush` goes by the clock of who delivers, not by one that runs ahead since it was set back.
#[test]
fn flush_is_now() {
    let folder = Folder::new("flush");
    let path = folder.store();
    let mut journal = open(&path).unwrap();
    let (ahead, now) = (at(7200), at(3600));
    journal.handle(ahead, silent(ahead, 1, true));
    journal.commit(now).unwrap();
    let due =
        |journal: &Journal| journal.store().outbox().due(&ChannelName::Mail, now, 10).unwrap();
    let [first, second] = due(&journal).try_into().unwrap();
    let outbox = journal.store().outbox();
    outbox.record_deferred(first.number, at(9000), "later").unwrap();
    outbox.record_deferred(second.number, at(9000), "later").unwrap();
    assert!(due(&journal).is_empty());
    StoreClient::open(&path).unwrap().ask(now, &Request::Flush).unwrap();
    journal.take_requests(ahead, now).unwrap();
    assert_eq!(due(&journal).len(), 2);
    // An attempt that waits for longer than its own backoff is due within that.
    let outbox = journal.store().outbox();
    outbox.record_deferred(first.number, at(9000), "later").unwrap();
    outbox.clamp(now, |attempts| Duration::from_secs(30) * attempts).unwrap();
    assert_eq!(due(&journal).len(), 1);
    let later = now + Duration::from_secs(60);
    assert_eq!(journal.store().outbox().due(&ChannelName::Mail, later, 10).unwrap().len(), 2);
}

/// A child process has all our descriptors for a moment, until it becomes another program; and who asks whether
/// somebody owns the store holds the lock for a moment too.
#[test]
fn who_holds_the_lock_for_a_moment_keeps_nobody_out() {
    let folder = Folder::new("moment");
    let path = folder.store();
    drop(open(&path).unwrap());
    let lock = folder.store().with_file_name("originwatch.db.lock");
    let held = OpenOptions::new().write(true).open(lock).unwrap();
    held.lock_shared().unwrap();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        drop(held);
    });
    let journal = open(&path).unwrap();
    holder.join().unwrap();
    assert!(StoreClient::open(&path).unwrap().is_attended().unwrap());
    drop(journal);
    assert!(!StoreClient::open(&path).unwrap().is_attended().unwrap());
}

/// What is committed after the file was deleted or replaced would be seen by nobody.
#[test]
fn a_file_that_is_deleted_or_replaced_is_written_anew_with_all_that_it_held() {
    type Harm = fn(&Path);
    let harms: [Harm; 4] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| {
            for end in ["", "-wal", "-shm", ".lock"] {
                std::fs::remove_file(format!("{}{end}", path.display())).unwrap();
            }
        },
        |path| std::fs::remove_file(format!("{}-wal", path.display())).unwrap(),
        |path| {
            std::fs::remove_file(path).unwrap();
            std::fs::write(path, "something else").unwrap();
        },
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let folder = Folder::new(&format!("displaced-{number}"));
        let path = folder.store();
        let mut journal = open(&path).unwrap();
        journal.handle(at(0), silent(at(0), 0, true));
        journal.commit(at(0)).unwrap();
        assert_eq!(journal.put_back(at(0)).unwrap(), None);
        harm(&path);
        journal.handle(at(1), silent(at(1), 1, true));
        journal.commit(at(1)).unwrap();
        let displaced = journal.put_back(at(2)).unwrap().unwrap();
        match (number, &displaced) {
            (0..3, Displaced::Deleted) => {}
            (3, Displaced::Replaced { aside }) => {
                assert_eq!(std::fs::read_to_string(aside).unwrap(), "something else");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(journal.put_back(at(2)).unwrap(), None);
        // No second one while the first lives.
        assert!(matches!(open(&path).unwrap_err(), StoreError::InUse { .. }));
        journal.handle(at(3), silent(at(3), 2, true));
        journal.commit(at(3)).unwrap();
        drop(journal);
        let journal = open(&path).unwrap();
        assert_eq!(journal.summaries().len(), 3);
        assert_eq!(journal.store().outbox().queue_length().unwrap(), (6, 0));
    }
}

#[test]
fn a_store_that_is_corrupt_is_set_aside_and_one_of_another_program_is_not() {
    type Harm = fn(&Path);
    let harms: [Harm; 4] = [
        |path| std::fs::write(path, "no database").unwrap(),
        |path| std::fs::write(path, b"SQLite format 3\0 and nothing that follows").unwrap(),
        |path| {
            let mut bytes = std::fs::read(path).unwrap();
            bytes[4096..].fill(0xff);
            std::fs::write(path, bytes).unwrap();
        },
        |path| {
            let store = Connection::open(path).unwrap();
            store.execute("UPDATE checkpoint SET engine = x'00'", []).unwrap();
        },
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        let folder = Folder::new(&format!("corrupt-{number}"));
        let path = folder.store();
        let (mut journal, _, aside) = begin(&path).unwrap();
        assert!(aside.is_none());
        journal.handle(at(0), silent(at(0), 0, true));
        journal.close(at(0)).unwrap();
        harm(&path);
        let harmed = std::fs::read(&path).unwrap();
        let (mut journal, opening, aside) = begin(&path).unwrap();
        let Some(Substitute::SetAside(aside)) = aside else { panic!("{aside:?}") };
        let name = aside.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("originwatch.db.corrupt-20"), "{name}");
        assert_eq!(std::fs::read(aside).unwrap(), harmed);
        assert!(!opening.checkpoint);
        journal.handle(at(1), silent(at(1), 0, true));
        assert_eq!(journal.commit(at(1)).unwrap().len(), 1);
    }
    let folder = Folder::new("of-another");
    let other = Connection::open(folder.store()).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    assert!(matches!(open(&folder.store()).unwrap_err(), StoreError::Foreign));
    let theirs = std::fs::read(folder.store()).unwrap();
    let (mut journal, _, substitute) = begin(&folder.store()).unwrap();
    assert!(matches!(substitute, Some(Substitute::InMemory(StoreError::Foreign))));
    journal.commit(at(0)).unwrap();
    assert!(matches!(journal.put_back(at(0)).unwrap_err(), StoreError::Foreign));
    assert_eq!(std::fs::read(folder.store()).unwrap(), theirs);
}

/// A full disk, one that cannot be written, a folder that is not there: what happens is kept, and written later.
#[test]
fn a_store_that_cannot_be_used_at_the_start_lies_in_memory_until_it_can() {
    let folder = Folder::new("nowhere");
    let path = folder.store().with_file_name("missing").join("originwatch.db");
    let (mut journal, _, substitute) = begin(&path).unwrap();
    assert!(matches!(substitute, Some(Substitute::InMemory(StoreError::Lock { .. }))));
    journal.handle(at(1), silent(at(1), 0, true));
    assert_eq!(journal.commit(at(1)).unwrap().len(), 1);
    assert!(journal.put_back(at(1)).is_err());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    assert_eq!(journal.put_back(at(2)).unwrap(), Some(Displaced::Unusable { aside: None }));
    assert!(!journal.store().is_in_memory());
    assert!(matches!(open(&path).unwrap_err(), StoreError::InUse { .. }));
    journal.handle(at(3), silent(at(3), 1, true));
    journal.commit(at(3)).unwrap();
    drop(journal);
    let journal = open(&path).unwrap();
    assert_eq!(journal.summaries().len(), 2);
    assert_eq!(journal.store().outbox().queue_length().unwrap(), (4, 0));
}

#[test]
fn what_a_store_holds_that_cannot_be_written_is_known_in_memory() {
    for has_log in [false, true] {
        let (was, is) = (Folder::new("written"), Folder::new("read-only"));
        let mut journal = open(&was.store()).unwrap();
        journal.handle(at(0), silent(at(0), 0, true));
        journal.commit(at(0)).unwrap();
        if !has_log {
            journal.close(at(0)).unwrap();
        }
        for end in ["", "-wal"].iter().take(1 + usize::from(has_log)) {
            let name = |folder: &Folder| format!("{}{end}", folder.store().display());
            std::fs::copy(name(&was), name(&is)).unwrap();
        }
        let lock = is.store().with_file_name("originwatch.db.lock");
        std::fs::create_dir(&lock).unwrap();
        let before = std::fs::read(is.store()).unwrap();
        let (mut journal, _, substitute) = begin(&is.store()).unwrap();
        assert!(matches!(substitute, Some(Substitute::InMemory(_))));
        assert_eq!(journal.summaries().len(), 1);
        journal.handle(at(1), silent(at(1), 1, true));
        journal.commit(at(1)).unwrap();
        assert_eq!(std::fs::read(is.store()).unwrap(), before);
        std::fs::remove_dir(&lock).unwrap();
        assert_eq!(journal.put_back(at(2)).unwrap(), Some(Displaced::Unusable { aside: None }));
        drop(journal);
        let journal = open(&is.store()).unwrap();
        assert_eq!(journal.summaries().len(), 2);
        assert_eq!(journal.store().outbox().queue_length().unwrap(), (4, 0));
    }
}

/// As sectors that go bad: SQLite notices when it reads them.
fn spoil(path: &Path) {
    let other = Connection::open(path).unwrap();
    let log = "PRAGMA wal_checkpoint(TRUNCATE)";
    for step in [log, "REPLACE INTO position VALUES ('other', '')", log] {
        other.prepare(step).unwrap().query([]).unwrap().next().unwrap();
    }
    drop(other);
    let pages = std::fs::metadata(path).unwrap().len() - 4096;
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&vec![0xff; pages.try_into().unwrap()], 4096).unwrap();
}

#[test]
fn a_store_that_becomes_corrupt_while_it_is_open_is_written_anew_with_what_waits() {
    let folder = Folder::new("spoilt");
    let path = folder.store();
    let mut journal = open(&path).unwrap();
    journal.handle(at(0), silent(at(0), 0, true));
    journal.set_position("feed", "1");
    journal.commit(at(0)).unwrap();
    let due =
        |journal: &Journal| journal.store().outbox().due(&ChannelName::Mail, at(9), 9).unwrap();
    let [first, second] = due(&journal).try_into().unwrap();
    journal.store().outbox().record_taken(first.number).unwrap();
    assert_eq!(journal.put_back(at(0)).unwrap(), None);
    spoil(&path);
    journal.handle(at(1), silent(at(1), 1, true));
    assert!(journal.commit(at(1)).unwrap_err().is_corrupt());
    journal.leave_file().unwrap();
    // What it told goes first.
    assert_eq!(journal.put_back(at(1)).unwrap(), None);
    assert_eq!(journal.commit(at(1)).unwrap().len(), 1);
    let Some(Displaced::Corrupt { aside }) = journal.put_back(at(2)).unwrap() else { panic!() };
    assert!(aside.exists());
    drop(journal);
    let mut journal = open(&path).unwrap();
    assert_eq!(journal.store().position("feed").unwrap().as_deref(), Some("1"));
    let waiting = due(&journal);
    assert_eq!(waiting.len(), 3);
    let kept = waiting.iter().find(|one| one.number == second.number).unwrap();
    assert_eq!(kept.message_id, second.message_id);
    assert_eq!(kept.content, second.content);
    journal.handle(at(9), silent(at(9), 0, false));
    journal.handle_timeout(at(20_000));
    assert_eq!(journal.commit(at(20_000)).unwrap().len(), 1);
}

/// In a new store numbers begin anew: what has a lower one than what was kept before waits all the same.
#[test]
fn what_waits_outlives_one_corrupt_store_after_another() {
    let folder = Folder::new("spoilt-twice");
    let path = folder.store();
    let mut journal = open(&path).unwrap();
    for round in 0..2_i64 {
        for number in 0..3 {
            let second = round * 10 + number;
            let subject = usize::try_from(second).unwrap();
            journal.handle(at(second), silent(at(second), subject, true));
        }
        journal.commit(at(round * 10 + 3)).unwrap();
        let due = journal.store().outbox().due(&ChannelName::Mail, at(50), 9).unwrap();
        assert_eq!(due.len(), 6);
        if round == 0 {
            for one in due {
                journal.store().outbox().record_taken(one.number).unwrap();
            }
        }
        assert_eq!(journal.put_back(at(round * 10 + 3)).unwrap(), None);
        spoil(&path);
        journal.leave_file().unwrap();
        journal.commit(at(round * 10 + 5)).unwrap();
        let displaced = journal.put_back(at(round * 10 + 6)).unwrap();
        assert!(matches!(displaced, Some(Displaced::Corrupt { .. })), "{displaced:?}");
    }
    assert_eq!(journal.store().outbox().queue_length().unwrap(), (6, 0));
}

/// The same evidence in a store that knows nothing of it has another name, and so other Message-IDs.
#[test]
fn after_a_store_that_was_lost_no_name_comes_again() {
    let folder = Folder::new("names");
    let path = folder.store();
    let names = |journal: &mut Journal| {
        journal.handle(at(1), silent(at(1), 0, true));
        let notices = journal.commit(at(1)).unwrap();
        notices.iter().map(|notice| notice.message_id.clone()).collect::<Vec<_>>()
    };
    let mut journal = open(&path).unwrap();
    let first = names(&mut journal);
    drop(journal);
    std::fs::write(&path, "no database").unwrap();
    let (mut journal, _, _) = begin(&path).unwrap();
    let second = names(&mut journal);
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    // Also of what begins after the next start.
    journal.close(at(2)).unwrap();
    let mut journal = open(&path).unwrap();
    journal.handle(at(3), silent(at(3), 1, true));
    let third = journal.commit(at(3)).unwrap().remove(0).message_id.clone();
    let other = Folder::new("never-lost");
    let mut never = open(&other.store()).unwrap();
    never.handle(at(3), silent(at(3), 1, true));
    assert_ne!(third, never.commit(at(3)).unwrap().remove(0).message_id);
}

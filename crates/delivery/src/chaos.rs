//! The scripted feed of forty hijacks, while clock, store, feed, RPKI data, places and process fail among decoys, one by
//! one and together: by a seed, in virtual time. `ORIGINWATCH_CHAOS_SEEDS` says how many seeds are tried.

mod process;
mod record;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alerter::DeliveryNote;
use bgp::Timestamp;
use clock::Moment;
use rusqlite::Connection;
use validator::Classifier;

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome};
use process::{Feed, Process};
use record::{Arrival, Decided, Record, SILENCE};
use script::{ADDRESSES, Random, START, STEP, STORY, Script, classifier, rpki};

/// By when everything has come to rest.
const END: u64 = STORY + 3 * 3600;
/// A place that takes nothing for so long is told of; where the process was killed meanwhile, after five attempts.
const TOLD_AFTER: u64 = 600 + 930;

/// What a mailbox does with what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Up,
    Down,
    /// Takes it, and the answer is lost.
    Mute,
}

struct World {
    random: Random,
    path: PathBuf,
    zero: Instant,
    /// Seconds since the beginning, whatever the wall clock says.
    elapsed: u64,
    /// How far the wall clock is off, in seconds.
    off: i64,
    is_full: bool,
    /// Nobody can take the lock: who starts now does so without the store.
    is_blocked: bool,
    /// How many had arrived when a process started that knows all in memory alone.
    in_memory_since: Option<usize>,
    /// What that has decided.
    unsaved: Vec<Decided>,
    places: BTreeMap<&'static str, Place>,
    script: Script,
    /// The feed tells nothing.
    is_blind: bool,
    /// By what RPKI says now.
    classifier: Arc<Classifier>,
    process: Option<Process>,
    record: Record,
    /// Since when no mailbox takes anything.
    refused_since: Option<u64>,
    /// Since when the process knows what became of its attempts.
    knows_since: u64,
    /// Since when the store does.
    stored_since: u64,
    /// How often the store became corrupt.
    spoilt: usize,
}

impl World {
    fn new(seed: u64, folder: &Path) -> Self {
        let mut random = Random(seed);
        let script = Script::new(&mut random);
        World {
            random,
            path: folder.join(format!("{seed}.db")),
            zero: Instant::now(),
            elapsed: 0,
            off: 0,
            is_full: false,
            is_blocked: false,
            in_memory_since: None,
            unsaved: Vec::new(),
            places: ADDRESSES.map(|address| (address, Place::Up)).into(),
            script,
            is_blind: false,
            classifier: classifier().into(),
            process: None,
            record: Record::default(),
            refused_since: None,
            knows_since: 0,
            stored_since: 0,
            spoilt: 0,
        }
    }

    fn now(&self) -> Moment {
        let seconds = START + i64::try_from(self.elapsed).unwrap() + self.off;
        let instant = self.zero + Duration::from_secs(self.elapsed);
        Moment { wall: Timestamp::from_seconds(seconds), instant }
    }

    fn run(&mut self) {
        while self.elapsed < END {
            match self.elapsed {
                ..STORY => self.draw(),
                STORY => self.end_faults(),
                _ => {}
            }
            let now = self.now();
            let mut process = self.process.take().unwrap_or_else(|| self.start(now));
            self.record.blind.extend(self.is_blind.then_some(self.elapsed));
            let until = (!self.is_blind).then_some(self.elapsed);
            for one in process.turn(&Feed { observations: &self.script.observations, until }, now) {
                assert!(!self.is_full || process.fault.is_some());
                self.unsaved.extend(self.in_memory_since.map(|_| one.clone()));
                self.record.decided.entry(one).or_insert(self.elapsed);
            }
            if !process.is_in_memory() {
                if self.in_memory_since.take().is_some() {
                    self.stored_since = self.elapsed;
                }
                self.unsaved.clear();
            }
            while let Ok(attempt) = process.attempts.try_recv() {
                let report = self.receive(attempt);
                process.settle(now, report);
            }
            self.look_at_mailboxes(&process);
            self.process = Some(process);
            self.elapsed += STEP;
        }
    }

    fn start(&mut self, now: Moment) -> Process {
        let process = Process::start(&self.path, self.classifier.clone(), now);
        self.in_memory_since = process.is_in_memory().then_some(self.record.arrivals.len());
        process
    }

    /// Where no mailbox takes anything the process must know it, as `readyz` says: within an attempt, once that has
    /// failed for as long as relays may defer.
    fn look_at_mailboxes(&mut self, process: &Process) {
        for (address, place) in &self.places {
            if *place != Place::Up {
                self.record.refusing.entry(address).or_default().push(self.elapsed);
            }
        }
        if self.places.values().any(|place| *place == Place::Up) {
            self.refused_since = None;
            return;
        }
        let since = *self.refused_since.get_or_insert(self.elapsed);
        let first = ADDRESSES.map(|address| self.record.first_decided(address, since));
        // To whom nothing was to go nobody knows whether it would.
        let [Some(first), Some(second)] = first else { return };
        let known = first.max(second).max(self.knows_since) + TOLD_AFTER + SILENCE;
        let places = ADDRESSES.map(str::to_owned);
        assert!(self.elapsed < known || process.queues.fault_of_all(&places).is_some());
    }

    /// Something begins or ends about every two minutes.
    fn draw(&mut self) {
        if self.random.below(12) > 0 {
            return;
        }
        let address = ADDRESSES[usize::try_from(self.random.below(2)).unwrap()];
        match self.random.below(16) {
            0 => self.off += i64::try_from(self.random.below(7200)).unwrap() - 3600,
            1 | 2 => self.fill(!self.is_full),
            3 => drop(self.places.insert(address, Place::Up)),
            4 => drop(self.places.insert(address, Place::Down)),
            5 => drop(self.places.insert(address, Place::Mute)),
            6 => self.delete(),
            7 => self.kill(),
            8 => self.spoil(),
            9 => self.block(!self.is_blocked),
            10 => self.reload(),
            11 | 12 => self.is_blind = !self.is_blind,
            13 | 14 => self.change_rpki(),
            _ => self.starve(),
        }
    }

    /// The validator says something else, or nothing.
    fn change_rpki(&mut self) {
        self.classifier = self.classifier.with_snapshot(rpki(&mut self.random)).into();
        let now = self.now();
        self.process.iter_mut().for_each(|one| one.take_rpki(self.classifier.clone(), now));
    }

    /// There are no descriptors left: nothing can be opened, no connection and no file.
    fn starve(&mut self) {
        self.block(true);
        self.places = ADDRESSES.map(|address| (address, Place::Down)).into();
    }

    fn reload(&mut self) {
        self.process.iter_mut().for_each(Process::reload);
    }

    /// What became of attempts the next one knows by the store alone.
    fn lose_attempts(&mut self) {
        let is_stored = !self.is_full && self.in_memory_since.is_none();
        let since = if is_stored { self.stored_since } else { self.elapsed };
        self.knows_since = self.knows_since.max(since);
    }

    /// What was decided and not stored is decided again, later.
    fn kill(&mut self) {
        // A corrupt store is left at once; who dies before it is written anew has lost what it held.
        if self.is_in_memory() && self.in_memory_since.is_none() {
            return;
        }
        self.record.kills.push(self.elapsed);
        self.lose_attempts();
        let Some(process) = self.process.take() else { return };
        for one in process.unwritten().into_iter().chain(self.unsaved.drain(..)) {
            self.record.decided.remove(&one);
        }
        let told = self.in_memory_since.take().unwrap_or(self.record.arrivals.len());
        self.record.arrivals[told..].iter_mut().for_each(|arrival| arrival.is_from_memory = true);
    }

    fn is_in_memory(&self) -> bool {
        self.process.as_ref().is_some_and(Process::is_in_memory)
    }

    /// Whether somebody works on the file, as one who does no other harm finds it.
    fn has_file(&self) -> bool {
        let has_process = self.process.as_ref().is_some_and(|one| !one.is_in_memory());
        has_process && !self.is_full && !self.is_blocked && self.path.exists()
    }

    fn end_faults(&mut self) {
        self.block(false);
        self.fill(false);
        self.is_blind = false;
        self.places = ADDRESSES.map(|address| (address, Place::Up)).into();
    }

    /// A store that takes nothing that the engine or the queues write, as one on a full disk.
    fn fill(&mut self, full: bool) {
        if self.is_full == full || full && !self.has_file() || !self.path.exists() {
            return;
        }
        (self.is_full, self.stored_since) = (full, self.elapsed);
        let batch = match full {
            true => {
                "CREATE TRIGGER full_1 BEFORE INSERT ON position
                     BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
                 CREATE TRIGGER full_2 BEFORE INSERT ON journal
                     BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
                 CREATE TRIGGER full_3 BEFORE UPDATE ON outbox
                     BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;"
            }
            false => "DROP TRIGGER full_1; DROP TRIGGER full_2; DROP TRIGGER full_3;",
        };
        Connection::open(&self.path).unwrap().execute_batch(batch).unwrap();
    }

    /// The lock is a folder, and cannot be opened: as where the disk is read-only, for one who starts.
    fn block(&mut self, blocked: bool) {
        let lock = format!("{}.lock", self.path.display());
        if self.is_blocked == blocked || blocked && !self.has_file() {
            return;
        }
        self.is_blocked = blocked;
        match blocked {
            true => {
                // It may have been deleted.
                let _ = std::fs::remove_file(&lock);
                std::fs::create_dir(&lock).unwrap();
            }
            false => std::fs::remove_dir(&lock).unwrap(),
        }
    }

    /// What is on the disk cannot be read any more, as with sectors that go bad.
    fn spoil(&mut self) {
        if !self.has_file() {
            return;
        }
        self.spoilt += 1;
        self.knows_since = self.elapsed;
        let other = Connection::open(&self.path).unwrap();
        let log = "PRAGMA wal_checkpoint(TRUNCATE)";
        for step in [log, "REPLACE INTO position VALUES ('other', '')", log] {
            other.prepare(step).unwrap().query([]).unwrap().next().unwrap();
        }
        drop(other);
        let pages = std::fs::metadata(&self.path).unwrap().len() - 4096;
        let file = OpenOptions::new().write(true).open(&self.path).unwrap();
        file.write_all_at(&vec![0xff; usize::try_from(pages).unwrap()], 4096).unwrap();
    }

    /// Somebody deletes the store, or all that belongs to it, while it is in use.
    fn delete(&mut self) {
        if self.is_in_memory() || self.is_blocked || self.process.is_none() || !self.path.exists() {
            return;
        }
        std::fs::remove_file(&self.path).unwrap();
        if self.random.below(2) == 0 {
            for end in ["-wal", "-shm", ".lock"] {
                // Before anything was read there is no log.
                let _ = std::fs::remove_file(format!("{}{end}", self.path.display()));
            }
        }
    }

    /// What a mailbox makes of an attempt.
    fn receive(&mut self, attempt: DeliveryAttempt) -> DeliveryReport {
        let DeliveryAttempt { delivery, note } = attempt;
        let place = self.places[delivery.receiver.address.as_str()];
        if place != Place::Down {
            let (address, message_id) = (&delivery.receiver.address, &delivery.message_id);
            self.record.arrivals.push(Arrival {
                notification: Decided { address: address.clone(), message_id: message_id.clone() },
                thread: delivery.thread.clone(),
                content: delivery.content.clone(),
                is_from_memory: matches!(note, Some(DeliveryNote::NotStored { .. })),
                at: self.elapsed,
            });
        }
        let outcome = match place {
            Place::Up => Outcome::Taken,
            Place::Down | Place::Mute => Outcome::Deferred {
                error: "no answer".to_owned(),
                retry_after: None,
                failover_in: None,
            },
        };
        DeliveryReport { delivery, outcome }
    }

    /// What happened may happen, and the store knows what was told.
    fn check(&self) {
        let journal = &self.process.as_ref().unwrap().journal;
        assert_eq!(journal.store().outbox().queue_length().unwrap(), (0, 0));
        let notifications: Vec<serde_json::Value> = (journal.store().notifications().unwrap())
            .iter()
            .map(|json| serde_json::from_str(json).unwrap())
            .collect();
        let stored: BTreeSet<_> =
            notifications.iter().map(|one| one["message_id"].as_str().unwrap()).collect();
        // What could not be read back was written once more.
        assert!(stored.len() == notifications.len() || self.spoilt > 0);
        let decided = self.record.decided.keys().map(|one| one.message_id.as_str()).collect();
        // A store that was corrupt has lost what had arrived by then.
        assert!(stored == decided || self.spoilt > 0 && stored.is_subset(&decided));
        self.record.check(&self.script.hijacks);
    }
}

#[test]
fn whatever_fails_everything_arrives_in_time_under_one_name_and_in_order() {
    let seeds = std::env::var("ORIGINWATCH_CHAOS_SEEDS");
    let seeds: u64 = seeds.map_or(20, |seeds| seeds.parse().unwrap());
    // In memory, where there is such a folder: what is tried is no disk.
    let memory = Path::new("/dev/shm");
    let folder = &if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let threads = std::thread::available_parallelism().unwrap().get();
    let try_some = &|first: usize| {
        let some = (0..seeds).skip(first).step_by(threads);
        some.map(|seed| try_one(seed, folder)).fold(Tried::default(), Tried::add)
    };
    let tried = std::thread::scope(|scope| {
        let tries = (0..threads).map(|first| scope.spawn(move || try_some(first)));
        let tries: Vec<_> = tries.collect();
        tries.into_iter().map(|one| one.join().unwrap()).fold(Tried::default(), Tried::add)
    });
    let Tried { kills, spoilt, from_memory } = tried;
    println!("{seeds} seeds: {kills} kills, {spoilt} corrupt stores, {from_memory} from memory");
    assert!(kills > 0 && spoilt > 0 && from_memory > 0);
}

/// How often the daemon was killed and its store became corrupt, and how much went out from memory.
#[derive(Default)]
struct Tried {
    kills: usize,
    spoilt: usize,
    from_memory: usize,
}

impl Tried {
    fn add(self, other: Self) -> Self {
        Tried {
            kills: self.kills + other.kills,
            spoilt: self.spoilt + other.spoilt,
            from_memory: self.from_memory + other.from_memory,
        }
    }
}

fn try_one(seed: u64, folder: &Path) -> Tried {
    // With all that was set aside.
    let folder = tempfile::tempdir_in(folder).unwrap();
    let mut world = World::new(seed, folder.path());
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.run();
        world.check();
    }));
    assert!(run.is_ok(), "seed {seed}");
    Tried {
        kills: world.record.kills.len(),
        spoilt: world.spoilt,
        from_memory: world.record.arrivals.iter().filter(|one| one.is_from_memory).count(),
    }
}

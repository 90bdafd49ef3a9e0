//! The scripted feed of forty incidents, while clock, store, places and process fail, one by one and together: by
//! a seed, in virtual time. `ORIGINWATCH_CHAOS_SEEDS` says how many seeds are tried.

mod process;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alerter::DeliveryNote;
use bgp::Timestamp;
use clock::Moment;
use rusqlite::Connection;
use validator::Finding;

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome};
use process::Process;
use script::{ADDRESSES, INCIDENTS, Random, START, STEP, STORY, script};

/// By when everything has come to rest.
const END: u64 = STORY + 3 * 3600;
/// How long anything may take that can be delivered: the longest backoff, and a turn.
const SILENCE: u64 = 30 * 60 + 2 * STEP;

/// What a mailbox does with what is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Up,
    Down,
    /// Takes it, and the answer is lost.
    Mute,
}

/// A notification that arrived.
#[derive(Debug)]
struct Arrival {
    address: String,
    message_id: String,
    thread: String,
    content: String,
    is_from_memory: bool,
    at: u64,
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
    places: BTreeMap<&'static str, Place>,
    script: Vec<(u64, Finding)>,
    process: Option<Process>,
    arrivals: Vec<Arrival>,
    /// When each notification was decided, by Message-ID.
    decided: BTreeMap<String, u64>,
    /// When each mailbox did not take what it was sent.
    refusing: BTreeMap<&'static str, Vec<u64>>,
    /// What waits then is due within its own backoff from there on, whatever the clock says.
    kills: Vec<u64>,
}

impl World {
    fn new(seed: u64, folder: &Path) -> Self {
        let mut random = Random(seed);
        let script = script(&mut random);
        World {
            random,
            path: folder.join(format!("{seed}.db")),
            zero: Instant::now(),
            elapsed: 0,
            off: 0,
            is_full: false,
            places: ADDRESSES.map(|address| (address, Place::Up)).into(),
            script,
            process: None,
            arrivals: Vec::new(),
            decided: BTreeMap::new(),
            refusing: ADDRESSES.map(|address| (address, Vec::new())).into(),
            kills: Vec::new(),
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
            let mut process =
                self.process.take().unwrap_or_else(|| Process::start(&self.path, now));
            for id in process.turn(&self.script, self.elapsed, now) {
                self.decided.entry(id).or_insert(self.elapsed);
            }
            while let Ok(attempt) = process.attempts.try_recv() {
                let report = self.receive(attempt);
                process.settle(now, report);
            }
            self.process = Some(process);
            for (address, place) in &self.places {
                if *place != Place::Up {
                    self.refusing.entry(address).or_default().push(self.elapsed);
                }
            }
            self.elapsed += STEP;
        }
    }

    /// Something begins or ends about every two minutes.
    fn draw(&mut self) {
        if self.random.below(12) > 0 {
            return;
        }
        let address = ADDRESSES[usize::try_from(self.random.below(2)).unwrap()];
        match self.random.below(9) {
            0 => self.off += i64::try_from(self.random.below(7200)).unwrap() - 3600,
            1 | 2 => self.fill(!self.is_full),
            3 => drop(self.places.insert(address, Place::Up)),
            4 => drop(self.places.insert(address, Place::Down)),
            5 => drop(self.places.insert(address, Place::Mute)),
            6 => self.delete(),
            7 => self.kill(),
            _ => self.process.iter_mut().for_each(Process::reload),
        }
    }

    /// What was decided and not stored is decided again, later.
    fn kill(&mut self) {
        self.kills.push(self.elapsed);
        let Some(process) = self.process.take() else { return };
        for one in process.journal.unwritten() {
            self.decided.remove(one.content.message_id());
        }
    }

    fn end_faults(&mut self) {
        self.fill(false);
        self.places = ADDRESSES.map(|address| (address, Place::Up)).into();
    }

    /// A store that takes nothing that the engine or the queues write, as one on a full disk.
    fn fill(&mut self, full: bool) {
        if self.is_full == full || !self.path.exists() {
            return;
        }
        self.is_full = full;
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

    /// Somebody deletes the store, or all that belongs to it, while it is in use.
    fn delete(&mut self) {
        if self.process.is_none() || !self.path.exists() {
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
            self.arrivals.push(Arrival {
                address: delivery.receiver.address.clone(),
                message_id: delivery.message_id.clone(),
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

    /// Everything arrived, nothing under two names, and nothing before what came before it.
    fn check(&self) {
        let journal = &self.process.as_ref().unwrap().journal;
        assert_eq!(journal.store().outbox().queue_length().unwrap(), (0, 0));
        let notices: Vec<serde_json::Value> = (journal.store().notifications().unwrap().iter())
            .map(|json| serde_json::from_str(json).unwrap())
            .collect();
        let stored: BTreeSet<_> =
            notices.iter().map(|one| one["message_id"].as_str().unwrap()).collect();
        assert_eq!(stored.len(), notices.len());
        let opened = notices.iter().filter(|one| one["reason"] == "opened");
        let subjects: BTreeSet<_> = opened.map(|one| one["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects.len(), usize::try_from(INCIDENTS).unwrap());
        for address in ADDRESSES {
            let arrived = self.arrivals.iter().filter(|one| one.address == address);
            let from_store = arrived.clone().filter(|one| !one.is_from_memory);
            let ids: BTreeSet<_> = from_store.map(|one| one.message_id.as_str()).collect();
            assert_eq!(ids, stored);
            let mut contents = BTreeMap::new();
            for one in arrived.clone() {
                let first = contents.entry(&one.message_id).or_insert(&one.content);
                assert!(
                    !self.kills.is_empty() || *first == &one.content,
                    "{} differs",
                    one.message_id
                );
                // Only who was killed before the disk was free again has told what is not stored.
                assert!(!self.kills.is_empty() || stored.contains(one.message_id.as_str()));
            }
            in_order(arrived.clone());
            stored.iter().for_each(|id| self.in_time(address, id));
        }
    }

    /// Only a mailbox that takes nothing delays what it is sent.
    fn in_time(&self, address: &str, id: &str) {
        let mut arrived = self.arrivals.iter().filter(|one| one.address == address);
        let first = arrived.find(|one| one.message_id == id).unwrap().at;
        let before = |times: &[u64]| {
            times.iter().rev().find(|at| **at <= first).copied().unwrap_or_default()
        };
        let begun = before(&self.kills).max(self.decided[id]);
        let since = before(&self.refusing[address]).max(begun);
        assert!(first.saturating_sub(since) <= SILENCE, "{id} {} s late", first - since);
    }
}

/// Of each thread what is first told of the one is told before the next.
fn in_order<'a>(arrivals: impl Iterator<Item = &'a Arrival>) {
    let mut told: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for one in arrivals.filter(|one| !one.is_from_memory) {
        let number = one.message_id.split_once('.').unwrap().1;
        let number: u32 = number.split_once('@').unwrap().0.parse().unwrap();
        let told = told.entry(&one.thread).or_default();
        assert!(number == 0 || told.contains(&(number - 1)), "{} too early", one.message_id);
        told.insert(number);
    }
}

#[test]
fn whatever_fails_everything_arrives_in_time_under_one_name_and_in_order() {
    let seeds = std::env::var("ORIGINWATCH_CHAOS_SEEDS");
    let seeds: u64 = seeds.map_or(20, |seeds| seeds.parse().unwrap());
    // In memory, where there is such a folder: what is tried is no disk.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = tempfile::tempdir_in(folder).unwrap();
    let threads = std::thread::available_parallelism().unwrap().get();
    let add = |all: (usize, usize), one: (usize, usize)| (all.0 + one.0, all.1 + one.1);
    let try_some = &|first: usize| {
        let some = (0..seeds).skip(first).step_by(threads);
        some.map(|seed| try_one(seed, folder.path())).fold((0, 0), add)
    };
    let tried = std::thread::scope(|scope| {
        let tries = (0..threads).map(|first| scope.spawn(move || try_some(first)));
        let tries: Vec<_> = tries.collect();
        tries.into_iter().map(|one| one.join().unwrap()).fold((0, 0), add)
    });
    println!("{seeds} seeds: {} kills, {} notifications from memory", tried.0, tried.1);
    assert!(tried.0 > 0 && tried.1 > 0);
}

/// How often the daemon was killed, and how much went out from memory.
fn try_one(seed: u64, folder: &Path) -> (usize, usize) {
    let mut world = World::new(seed, folder);
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.run();
        world.check();
    }));
    assert!(run.is_ok(), "seed {seed}");
    std::fs::remove_file(&world.path).unwrap();
    (world.kills.len(), world.arrivals.iter().filter(|one| one.is_from_memory).count())
}

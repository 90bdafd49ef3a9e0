//! The scripted feed of forty incidents, while clock, store, places and process fail, one by one and together: by
//! a seed, in virtual time. `ORIGINWATCH_CHAOS_SEEDS` says how many seeds are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alerter::dispatch::{DispatchRules, Routing};
use alerter::{ChannelName, DeliveryNote, Receiver};
use bgp::Timestamp;
use clock::Moment;
use rusqlite::Connection;
use store::Journal;
use tokio::sync::mpsc;
use validator::{Finding, IncidentKind};

use crate::attempt::{DeliveryAttempt, DeliveryReport, Outcome};
use crate::queues::{DeliveryQueue, DeliveryQueues};

const START: i64 = 1_800_000_000;
const INCIDENTS: u64 = 40;
/// How long things happen and fail.
const STORY: u64 = 4 * 3600;
/// By when everything has come to rest.
const END: u64 = STORY + 3 * 3600;
const STEP: u64 = 20;
/// How long anything may take that can be delivered: the longest backoff, and a turn.
const SILENCE: u64 = 30 * 60 + 2 * STEP;
const FEED: &str = "script";
const ADDRESSES: [&str; 2] = ["night@example.net", "noc@example.net"];

/// Splitmix64: the same in every version of every library.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

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

/// One life of the daemon: engine, store and queues.
struct Process {
    journal: Journal,
    queues: DeliveryQueues,
    attempts: mpsc::Receiver<DeliveryAttempt>,
    begun: Moment,
    /// How far the script is read.
    read: usize,
    fault: Option<String>,
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

impl Process {
    /// Goes on where the store ends.
    fn start(path: &Path, now: Moment) -> Self {
        let (rules, sources) = (incidents::Rules::default(), incidents::Sources::default());
        let (journal, _) =
            Journal::open(path, rules, dispatch_rules(), Arc::default(), sources).unwrap();
        let read = journal.store().position(FEED).unwrap();
        let read = read.map_or(0, |read| read.parse().unwrap());
        let (queues, attempts) = queues(now);
        // The engine's time goes on from what the store knows.
        let begun = Moment { wall: now.wall.max(journal.now()), ..now };
        Process { journal, queues, attempts, begun, read, fault: None }
    }

    /// New rules and new queues; what is not written yet stays known.
    fn reload(&mut self) {
        let rules = incidents::Rules::default();
        self.journal.change_rules(rules, dispatch_rules(), Arc::default()).unwrap();
        (self.queues, self.attempts) = queues(self.queues.begun());
    }

    /// One turn of the engine: what the feed has brought, what is due, what is to be written and sent.
    fn turn(&mut self, script: &[(u64, Finding)], elapsed: u64, now: Moment) -> Vec<String> {
        self.journal.put_back(now.wall).unwrap();
        // Where the wall clock is set back the engine goes on from there.
        let time = now.wall.max(self.begun.wall + now.since(self.begun));
        while let Some((_, finding)) = script.get(self.read).filter(|(at, _)| *at <= elapsed) {
            self.journal.handle(time, finding.clone());
            self.read += 1;
            self.journal.set_position(FEED, self.read.to_string());
        }
        self.journal.handle_timeout(time);
        let decided = self.journal.unwritten().iter();
        let decided = decided.map(|one| one.content.message_id().to_owned()).collect();
        let committed = self.journal.commit(self.queues.time(now));
        self.fault = committed.err().map(|error| error.to_string());
        if self.fault.is_none() {
            self.queues.forget_unstored();
        }
        self.dispatch(now);
        decided
    }

    fn dispatch(&mut self, now: Moment) {
        let outbox = self.journal.store().outbox();
        // What cannot be written is tried again.
        let _ = self.queues.dispatch(outbox, now);
        if let Some(fault) = &self.fault {
            let unwritten = self.journal.unwritten();
            self.queues.dispatch_unstored(outbox, unwritten, fault, now).unwrap();
        }
    }

    fn settle(&mut self, now: Moment, report: DeliveryReport) {
        // What cannot be written is tried again.
        let _ = self.queues.settle(self.journal.store().outbox(), now, report);
        self.dispatch(now);
    }
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

fn dispatch_rules() -> DispatchRules {
    let noc = |address: &str| Receiver { channel: ChannelName::Mail, address: address.to_owned() };
    DispatchRules {
        routing: Routing::to_all(ADDRESSES.map(noc).into()),
        storm: None,
        notification_limit: None,
        ..DispatchRules::default()
    }
}

fn queues(now: Moment) -> (DeliveryQueues, mpsc::Receiver<DeliveryAttempt>) {
    let (sender, attempts) = mpsc::channel(8);
    let queue = DeliveryQueue::new(sender, Duration::from_secs(5 * 86_400));
    (DeliveryQueues::new([(ChannelName::Mail, queue)].into(), false, now), attempts)
}

/// Each begins at some time and ends within an hour.
fn script(random: &mut Random) -> Vec<(u64, Finding)> {
    let mut script = Vec::new();
    for number in 0..INCIDENTS {
        let begin = random.below(STORY - 3600);
        let end = begin + STEP + random.below(3000);
        for (second, active) in [(begin, true), (end, false)] {
            let at = Timestamp::from_seconds(START + i64::try_from(second).unwrap());
            let (kind, subject) = (IncidentKind::FeedSilent, format!("feed {number}"));
            let details = vec!["no message".to_owned()];
            script.push((second, Finding::Condition { at, kind, subject, details, active }));
        }
    }
    script.sort_by_key(|(second, _)| *second);
    script
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

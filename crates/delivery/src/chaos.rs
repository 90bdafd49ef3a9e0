//! The scripted feed of forty incidents, while clock, store, places and process fail, one by one and together: by
//! a seed, in virtual time. `ORIGINWATCH_CHAOS_SEEDS` says how many seeds are tried.

mod process;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
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
    /// Nobody can take the lock: who starts now does so without the store.
    is_blocked: bool,
    /// How many had arrived when a process started that knows all in memory alone.
    in_memory_since: Option<usize>,
    /// What that has decided.
    unsaved: Vec<String>,
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
    /// Since when no mailbox takes anything.
    refused_since: Option<u64>,
    /// Since when the process knows what became of its attempts.
    knows_since: u64,
    /// How often the store became corrupt.
    spoilt: usize,
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
            is_blocked: false,
            in_memory_since: None,
            unsaved: Vec::new(),
            places: ADDRESSES.map(|address| (address, Place::Up)).into(),
            script,
            process: None,
            arrivals: Vec::new(),
            decided: BTreeMap::new(),
            refusing: ADDRESSES.map(|address| (address, Vec::new())).into(),
            kills: Vec::new(),
            refused_since: None,
            knows_since: 0,
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
            for id in process.turn(&self.script, self.elapsed, now) {
                assert!(!self.is_full || process.fault.is_some());
                self.unsaved.extend(self.in_memory_since.map(|_| id.clone()));
                self.decided.entry(id).or_insert(self.elapsed);
            }
            if !process.is_in_memory() {
                self.in_memory_since = None;
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
        let process = Process::start(&self.path, now);
        self.in_memory_since = process.is_in_memory().then_some(self.arrivals.len());
        process
    }

    /// Where no mailbox takes anything the process must know it, as `readyz` says: within an attempt, once that has
    /// failed for as long as relays may defer.
    fn look_at_mailboxes(&mut self, process: &Process) {
        for (address, place) in &self.places {
            if *place != Place::Up {
                self.refusing.entry(address).or_default().push(self.elapsed);
            }
        }
        if self.places.values().any(|place| *place == Place::Up) {
            self.refused_since = None;
            return;
        }
        let since = *self.refused_since.get_or_insert(self.elapsed);
        let Some(first) = self.decided.values().filter(|at| **at >= since).min() else { return };
        let known = (*first).max(self.knows_since) + TOLD_AFTER + SILENCE;
        let places = ADDRESSES.map(str::to_owned);
        assert!(self.elapsed < known || process.queues.fault_of_all(&places).is_some());
    }

    /// Something begins or ends about every two minutes.
    fn draw(&mut self) {
        if self.random.below(12) > 0 {
            return;
        }
        let address = ADDRESSES[usize::try_from(self.random.below(2)).unwrap()];
        match self.random.below(11) {
            0 => self.off += i64::try_from(self.random.below(7200)).unwrap() - 3600,
            1 | 2 => self.fill(!self.is_full),
            3 => drop(self.places.insert(address, Place::Up)),
            4 => drop(self.places.insert(address, Place::Down)),
            5 => drop(self.places.insert(address, Place::Mute)),
            6 => self.delete(),
            7 => self.kill(),
            8 => self.spoil(),
            9 => self.block(!self.is_blocked),
            _ => self.reload(),
        }
    }

    fn reload(&mut self) {
        self.process.iter_mut().for_each(Process::reload);
        self.lose_attempts();
    }

    /// What became of attempts the next one knows by the store alone.
    fn lose_attempts(&mut self) {
        if self.is_full || self.in_memory_since.is_some() {
            self.knows_since = self.elapsed;
        }
    }

    /// What was decided and not stored is decided again, later.
    fn kill(&mut self) {
        // A corrupt store is left at once; who dies before it is written anew has lost what it held.
        if self.is_in_memory() && self.in_memory_since.is_none() {
            return;
        }
        self.kills.push(self.elapsed);
        self.lose_attempts();
        let Some(process) = self.process.take() else { return };
        let unwritten = process.journal.unwritten().iter();
        let unwritten = unwritten.map(|one| one.content.message_id().to_owned());
        for id in unwritten.chain(self.unsaved.drain(..)) {
            self.decided.remove(&id);
        }
        let told = self.in_memory_since.take().unwrap_or(self.arrivals.len());
        self.arrivals[told..].iter_mut().for_each(|arrival| arrival.is_from_memory = true);
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
        self.places = ADDRESSES.map(|address| (address, Place::Up)).into();
    }

    /// A store that takes nothing that the engine or the queues write, as one on a full disk.
    fn fill(&mut self, full: bool) {
        if self.is_full == full || full && !self.has_file() || !self.path.exists() {
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
        // What could not be read back was written once more.
        assert!(stored.len() == notices.len() || self.spoilt > 0);
        let decided: BTreeSet<_> = self.decided.keys().map(String::as_str).collect();
        // A store that was corrupt has lost what had arrived by then.
        assert!(stored == decided || self.spoilt > 0 && stored.is_subset(&decided));
        for address in ADDRESSES {
            let arrived = self.arrivals.iter().filter(|one| one.address == address);
            let from_store = arrived.clone().filter(|one| !one.is_from_memory);
            let ids: BTreeSet<_> = from_store.map(|one| one.message_id.as_str()).collect();
            assert_eq!(ids, decided);
            assert_eq!(self.opened(address), usize::try_from(INCIDENTS).unwrap());
            let mut contents = BTreeMap::new();
            for one in arrived.clone() {
                let first = contents.entry(&one.message_id).or_insert(&one.content);
                assert!(
                    !self.kills.is_empty() || *first == &one.content,
                    "{} differs",
                    one.message_id
                );
                // Only who was killed before the disk was free again has told what is not stored.
                assert!(!self.kills.is_empty() || decided.contains(one.message_id.as_str()));
            }
            in_order(arrived.clone());
            decided.iter().for_each(|id| self.in_time(address, id));
        }
    }

    /// How many incidents it was told the beginning of.
    fn opened(&self, address: &str) -> usize {
        let arrived = self.arrivals.iter().filter(|one| one.address == address);
        let notices = arrived.map(|one| serde_json::from_str(&one.content).unwrap());
        let opened = notices.filter(|one: &serde_json::Value| one["reason"] == "opened");
        opened.map(|one| one["subject"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>().len()
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
    let try_some = &|first: usize| {
        let some = (0..seeds).skip(first).step_by(threads);
        some.map(|seed| try_one(seed, folder.path())).fold(Tried::default(), Tried::add)
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
    let mut world = World::new(seed, folder);
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world.run();
        world.check();
    }));
    assert!(run.is_ok(), "seed {seed}");
    std::fs::remove_file(&world.path).unwrap();
    Tried {
        kills: world.kills.len(),
        spoilt: world.spoilt,
        from_memory: world.arrivals.iter().filter(|one| one.is_from_memory).count(),
    }
}

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, OnceLock};
use std::{thread, vec};

use bgp::Timestamp;
use parser::Statistics;

use crate::blocks::Blocks;
use crate::bzip2::Pool;
use crate::worker::{Batch, Message, Telling, Worker};
use crate::{Gather, Input, Meter};

/// How many inputs are open at once: an hour of a hundred collectors. More would come near the
/// usual limit of 1,024 descriptors.
const OPEN_MAX: usize = 128;

/// Batches of one input that wait for their turn: enough that its threads need not stop for each.
const BATCHES_AHEAD: usize = 4;

/// In which order inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By time across inputs; of equals, what was named first.
    Time,
    /// As they come: where only a number is asked for.
    Any,
}

/// Reads many inputs side by side.
pub struct Scan<G: Gather, M> {
    make: M,
    order: Order,
    telling: Telling,
    /// What is open in advance, to keep the cores busy.
    cores: usize,
    pool: Arc<OnceLock<Pool>>,
    waiting: VecDeque<Input>,
    open: BTreeMap<usize, Open<G>>,
    /// The time of each open input's next units; of equals, what was named first.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The input whose units were handed out last.
    current: Option<usize>,
    opened: usize,
    told: VecDeque<Event<'static, G>>,
    /// The units that were handed out last.
    now: Option<(Timestamp, usize)>,
    /// See [`Gather::knowledge`].
    knowledge: u64,
    finished: (u64, u64),
    crowded: bool,
}

/// What comes next.
pub enum Event<'a, G: Gather> {
    /// So many units are at the start of these; take as many and no more. None where time just
    /// passes.
    Units(&'a mut vec::IntoIter<G::Unit>, usize),
    /// Something to be told of an input.
    Remark(String),
    /// An input that cannot be read, and why.
    Unreadable(String, String),
    /// An input that was read to its end.
    Done(Box<Done<G>>),
}

/// What is left of an input.
pub struct Done<G> {
    /// What gathered from it.
    pub gather: G,
    /// What its walker counted.
    pub statistics: Statistics,
}

/// An input that is being read.
struct Open<G: Gather> {
    input: Input,
    meter: Arc<Meter>,
    messages: Receiver<Message<G>>,
    batch: Batch<G>,
    /// The units of the next mark.
    head: usize,
    /// The number of the last element that was handed out.
    taken: Option<u64>,
    untold: u64,
}

impl<G: Gather, M: FnMut(&Input) -> G> Scan<G, M> {
    /// `inputs` are in the order of their beginnings; `make` makes what gathers from one of them.
    pub fn new(inputs: Vec<Input>, order: Order, telling: Telling, make: M) -> Self {
        Scan {
            make,
            order,
            telling,
            cores: thread::available_parallelism().map_or(1, usize::from),
            pool: Arc::default(),
            waiting: inputs.into(),
            open: BTreeMap::new(),
            heads: BinaryHeap::new(),
            current: None,
            opened: 0,
            told: VecDeque::new(),
            now: None,
            knowledge: 0,
            finished: (0, 0),
            crowded: false,
        }
    }

    /// Keeps so many threads busy with unpacking, where given, instead of one a core. Before the first
    /// call of `next`.
    pub fn set_threads(&mut self, threads: Option<NonZeroUsize>) {
        self.cores = threads.map_or(self.cores, usize::from);
    }

    /// What comes next; None at the end of all.
    pub fn next(&mut self) -> Option<Event<'_, G>> {
        if let Some(number) = self.current.take() {
            self.settle(number);
        }
        self.open_due();
        if let Some(event) = self.told.pop_front() {
            return Some(event);
        }
        self.learn();
        let Reverse((at, number)) = self.heads.pop()?;
        self.now = Some((at, number));
        self.current = Some(number);
        let limit = self.heads.peek().map(|Reverse(head)| *head);
        let order = self.order;
        let open = self.open.get_mut(&number)?;
        let mut count = std::mem::take(&mut open.head);
        // All that comes before the next of another input.
        for (at, units) in open.batch.marks.by_ref() {
            let head = (order.key(at), number);
            if limit.is_some_and(|limit| limit < head) {
                open.head = units;
                self.heads.push(Reverse(head));
                self.current = None;
                break;
            }
            count += units;
            self.now = Some(head);
        }
        let last = count.checked_sub(1).and_then(|last| open.batch.units.as_slice().get(last));
        open.taken = last.map(G::number).or(open.taken);
        Some(Event::Units(&mut open.batch.units, count))
    }

    /// How much has been read: octets of the inputs, and records.
    pub fn progress(&self) -> (u64, u64) {
        self.open.values().fold(self.finished, |(octets, records), open| {
            let Meter { octets: more, records: and } = &*open.meter;
            (octets + more.load(Relaxed), records + and.load(Relaxed))
        })
    }

    /// Opens what begins before the next units, and what keeps the cores busy until then. What begins
    /// at an unknown time begins now.
    fn open_due(&mut self) {
        while let Some(next) = self.waiting.front() {
            let now = self.heads.peek().map(|Reverse((at, _))| *at);
            let due = self.order == Order::Time
                && now.is_none_or(|now| next.begins.is_none_or(|begins| begins <= now));
            if !due && self.open.len() >= self.cores {
                return;
            }
            if self.open.len() >= OPEN_MAX {
                if !std::mem::replace(&mut self.crowded, true) {
                    let tail = "the others wait for their turn, and their records may come late";
                    let text = format!("more than {OPEN_MAX} inputs overlap in time: {tail}");
                    self.told.push_back(Event::Remark(text));
                }
                return;
            }
            if let Some(input) = self.waiting.pop_front() {
                self.open(input);
            }
        }
    }

    fn open(&mut self, input: Input) {
        let meter = Arc::new(Meter::default());
        let stream = match input.open(&meter) {
            Ok(stream) => stream,
            Err(error) => {
                let why = format!("cannot be opened: {error}");
                return self.told.push_back(Event::Unreadable(input.name(), why));
            }
        };
        let (out, messages) = mpsc::sync_channel(BATCHES_AHEAD);
        let (pool, cores) = (Arc::clone(&self.pool), self.cores);
        let gather = (self.make)(&input);
        let worker = Worker::new(gather, &input.collector, Arc::clone(&meter), self.telling);
        thread::spawn(move || worker.work(Blocks::new(stream, pool, cores), &out));
        let number = self.opened;
        self.opened += 1;
        let begins = input.begins;
        let batch = Batch::default();
        self.open.insert(
            number,
            Open { input, meter, messages, batch, head: 0, taken: None, untold: 0 },
        );
        match begins {
            // Its first batch may take a while, and until its time has come nobody waits for it.
            Some(begins) => self.heads.push(Reverse((self.order.key(begins), number))),
            None if self.order == Order::Any => {
                self.heads.push(Reverse((self.order.key(Timestamp::from_micros(0)), number)));
            }
            None => self.settle(number),
        }
    }

    /// Waits until it is known when the next units of an input come, or that none do.
    fn settle(&mut self, number: usize) {
        while let Some(open) = self.open.get_mut(&number) {
            match open.messages.recv() {
                Ok(Message::Batch(mut batch)) => {
                    let name = open.input.name();
                    let remarks = batch.remarks.drain(..);
                    let remarks = remarks.map(|remark| Event::Remark(format!("{name}: {remark}")));
                    self.told.extend(remarks);
                    open.untold += batch.untold;
                    if batch.past.as_ref().is_some_and(|past| past.knowledge < self.knowledge)
                        && let Some(mut past) = batch.past.take()
                    {
                        batch = Batch { past: None, ..past.again() };
                        batch.past = Some(past);
                    }
                    open.batch = batch;
                    if let Some((at, units)) = open.batch.marks.next() {
                        open.head = units;
                        self.heads.push(Reverse((self.order.key(at), number)));
                        return;
                    }
                }
                Ok(Message::End(end)) => return self.finish(number, Some(*end)),
                Err(_) => return self.finish(number, None),
            }
        }
    }

    /// Makes the batches again that were made with less knowledge than there is now.
    ///
    /// All that was known at the time of the next units was learned from batches that are here, since
    /// the next batch of an input is waited for before anything behind it is handed out. So what
    /// comes out does not depend on which thread is faster.
    fn learn(&mut self) {
        let known = self.open.values().filter_map(|open| open.batch.past.as_ref());
        let knowledge = known.filter_map(|past| past.gather.knowledge()).max();
        let Some(knowledge) = knowledge.filter(|knowledge| *knowledge > self.knowledge) else {
            return;
        };
        self.knowledge = knowledge;
        let (order, now) = (self.order, self.now);
        for (number, open) in &mut self.open {
            if open.make_again(knowledge, |at| Some((order.key(at), *number)) > now) {
                self.heads.retain(|Reverse((_, of))| of != number);
                if let Some((at, units)) = open.batch.marks.next() {
                    open.head = units;
                    self.heads.push(Reverse((order.key(at), *number)));
                }
            }
        }
    }

    fn finish(&mut self, number: usize, end: Option<(G, Statistics)>) {
        let Some(open) = self.open.remove(&number) else { return };
        let Meter { octets, records } = &*open.meter;
        let packed_octets = octets.load(Relaxed);
        self.finished.0 += packed_octets;
        self.finished.1 += records.load(Relaxed);
        let name = open.input.name();
        if open.untold > 0 {
            let hint = self.telling.hint;
            let text = format!("{name}: {} more damaged places{hint}", open.untold);
            self.told.push_back(Event::Remark(text));
        }
        let Some((gather, statistics)) = end else {
            let why = "its thread ended early: this is a mistake of this program";
            return self.told.push_back(Event::Unreadable(name, why.to_owned()));
        };
        let statistics = Statistics { packed_octets, ..statistics };
        if packed_octets == 0 && statistics.damaged.total() == 0 {
            self.told.push_back(Event::Unreadable(name, "is empty".to_owned()));
        }
        self.told.push_back(Event::Done(Box::new(Done { gather, statistics })));
    }
}

impl<G: Gather> Open<G> {
    /// Makes the batch again, if it was made with less knowledge. Of what it has more, only what is
    /// still to come counts.
    fn make_again(&mut self, knowledge: u64, comes: impl Fn(Timestamp) -> bool) -> bool {
        let Some(mut past) = self.batch.past.take_if(|past| past.knowledge < knowledge) else {
            return false;
        };
        let next = self.batch.units.as_slice().first().map(G::number);
        let mut again = past.again();
        let mut marks = Vec::new();
        let mut units = Vec::new();
        for (at, count) in again.marks {
            let old = |unit: &G::Unit| next.is_some_and(|next| G::number(unit) >= next);
            let new = |unit: &G::Unit| comes(at) && Some(G::number(unit)) > self.taken;
            let before = units.len();
            let these = again.units.by_ref().take(count);
            units.extend(these.filter(|unit| old(unit) || new(unit)));
            marks.push((at, units.len() - before));
        }
        let (units, marks) = (units.into_iter(), marks.into_iter());
        self.batch = Batch { units, marks, past: Some(past), ..Batch::default() };
        true
    }
}

impl Order {
    fn key(self, at: Timestamp) -> Timestamp {
        match self {
            Order::Time => at,
            Order::Any => Timestamp::from_micros(0),
        }
    }
}

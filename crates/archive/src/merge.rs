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
use crate::inputs::Input;
use crate::progress::ProgressCounter;
use crate::worker::{Batch, DamageReports, Message, RecordVisitor, Worker};

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
///
/// ```no_run
/// use archive::{DamageReports, Event, Inputs, Order, RecordVisitor, Scan};
/// use parser::{Element, Everything, Filter};
///
/// /// Makes a line of text of each element.
/// #[derive(Clone)]
/// struct Lines;
///
/// impl RecordVisitor for Lines {
///     type Unit = String;
///
///     fn filter(&self) -> impl Filter + use<> {
///         Everything
///     }
///
///     fn visit(&mut self, element: &Element<'_>, lines: &mut Vec<String>) {
///         lines.push(format!("{} {:?}", element.at, element.prefix()));
///     }
/// }
///
/// let found = Inputs::find(&["updates".into()], None);
/// let mut scan = Scan::new(found.inputs, Order::Time, DamageReports::default(), |_| Lines);
/// while let Some(event) = scan.next_event() {
///     match event {
///         Event::Units(lines, count, _) => lines.take(count).for_each(|line| println!("{line}")),
///         Event::Warning(text) => eprintln!("{text}"),
///         Event::Unreadable(input, why) => eprintln!("{input}: {why}"),
///         Event::Done(_) => {}
///     }
/// }
/// ```
pub struct Scan<V: RecordVisitor> {
    make: Box<dyn FnMut(&Input) -> V>,
    order: Order,
    reports: DamageReports,
    /// What is open in advance, to keep the cores busy.
    cores: usize,
    pool: Arc<OnceLock<Pool>>,
    waiting: VecDeque<Input>,
    open: BTreeMap<usize, OpenInput<V>>,
    /// The time of each open input's next units; of equals, what was named first.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The input whose units were handed out last.
    current: Option<usize>,
    opened: usize,
    /// What comes before the next units.
    pending: VecDeque<Event<'static, V>>,
    /// The units that were handed out last.
    now: Option<(Timestamp, usize)>,
    /// See [`RecordVisitor::knowledge`].
    knowledge: u64,
    finished: (u64, u64),
    crowded: bool,
}

/// What comes next.
pub enum Event<'a, V: RecordVisitor> {
    /// So many units are at the start of these; take as many and no more. None where time just
    /// passes: records were read up to the time that is given, whatever they were about.
    Units(&'a mut vec::IntoIter<V::Unit>, usize, Timestamp),
    /// A sentence for the user about an input.
    Warning(String),
    /// An input that cannot be read, and why.
    Unreadable(String, String),
    /// An input that was read to its end.
    Done(Box<Done<V>>),
}

/// What is left of an input.
pub struct Done<V> {
    /// Its visitor, after its last element.
    pub visitor: V,
    /// What its walker counted.
    pub statistics: Statistics,
}

/// An input that is being read.
struct OpenInput<V: RecordVisitor> {
    input: Input,
    progress: Arc<ProgressCounter>,
    messages: Receiver<Message<V>>,
    batch: Batch<V>,
    /// The units of the next mark.
    head: usize,
    /// The number of the last element that was handed out.
    taken: Option<u64>,
    unreported: u64,
}

impl<V: RecordVisitor> Scan<V> {
    /// `inputs` are in the order of their beginnings; `make` makes the visitor of one of them.
    pub fn new(
        inputs: Vec<Input>,
        order: Order,
        reports: DamageReports,
        make: impl FnMut(&Input) -> V + 'static,
    ) -> Self {
        Scan {
            make: Box::new(make),
            order,
            reports,
            cores: thread::available_parallelism().map_or(1, usize::from),
            pool: Arc::default(),
            waiting: inputs.into(),
            open: BTreeMap::new(),
            heads: BinaryHeap::new(),
            current: None,
            opened: 0,
            pending: VecDeque::new(),
            now: None,
            knowledge: 0,
            finished: (0, 0),
            crowded: false,
        }
    }

    /// Keeps so many threads busy with unpacking, where given, instead of one a core. Before the first
    /// call of [`Scan::next_event`].
    pub fn set_threads(&mut self, threads: Option<NonZeroUsize>) {
        self.cores = threads.map_or(self.cores, usize::from);
    }

    /// What comes next; None at the end of all.
    pub fn next_event(&mut self) -> Option<Event<'_, V>> {
        if let Some(number) = self.current.take() {
            self.await_next(number);
        }
        self.open_due();
        if let Some(event) = self.pending.pop_front() {
            return Some(event);
        }
        self.walk_outdated_again();
        let Reverse((at, number)) = self.heads.pop()?;
        self.now = Some((at, number));
        self.current = Some(number);
        let mut reached = at;
        let order = self.order;
        // Also where another begins that is not open yet; what is due and has no room comes late.
        let begins = self.waiting.front().and_then(|next| next.begins).map(|at| order.key(at));
        let begins = begins.filter(|begins| *begins > at).map(|begins| (begins, self.opened));
        let head = self.heads.peek().map(|Reverse(head)| *head);
        let limit = head.into_iter().chain(begins).min();
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
            reached = at;
            self.now = Some(head);
        }
        let last = count.checked_sub(1).and_then(|last| open.batch.units.as_slice().get(last));
        open.taken = last.map(V::number).or(open.taken);
        Some(Event::Units(&mut open.batch.units, count, reached))
    }

    /// How much has been read: octets of the inputs, and records.
    pub fn progress(&self) -> (u64, u64) {
        self.open.values().fold(self.finished, |(octets, records), open| {
            let ProgressCounter { octets: more, records: and } = &*open.progress;
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
                    self.pending.push_back(Event::Warning(text));
                }
                return;
            }
            if let Some(input) = self.waiting.pop_front() {
                self.open(input);
            }
        }
    }

    fn open(&mut self, input: Input) {
        let progress = Arc::new(ProgressCounter::default());
        let stream = match input.open(&progress) {
            Ok(stream) => stream,
            Err(error) => {
                let why = format!("cannot be opened: {error}");
                return self.pending.push_back(Event::Unreadable(input.name(), why));
            }
        };
        let (out, messages) = mpsc::sync_channel(BATCHES_AHEAD);
        let (pool, cores) = (Arc::clone(&self.pool), self.cores);
        let visitor = (self.make)(&input);
        let worker = Worker::new(visitor, &input.collector, Arc::clone(&progress), self.reports);
        thread::spawn(move || worker.work(Blocks::new(stream, pool, cores), &out));
        let number = self.opened;
        self.opened += 1;
        let begins = input.begins;
        let batch = Batch::default();
        self.open.insert(
            number,
            OpenInput { input, progress, messages, batch, head: 0, taken: None, unreported: 0 },
        );
        match begins {
            // Its first batch may take a while, and until its time has come nobody waits for it.
            Some(begins) => self.heads.push(Reverse((self.order.key(begins), number))),
            None if self.order == Order::Any => {
                self.heads.push(Reverse((self.order.key(Timestamp::from_micros(0)), number)));
            }
            None => self.await_next(number),
        }
    }

    /// Waits until it is known when the next units of an input come, or that none do.
    fn await_next(&mut self, number: usize) {
        while let Some(open) = self.open.get_mut(&number) {
            match open.messages.recv() {
                Ok(Message::Batch(mut batch)) => {
                    let name = open.input.name();
                    let warnings = batch.warnings.drain(..);
                    let warnings =
                        warnings.map(|warning| Event::Warning(format!("{name}: {warning}")));
                    self.pending.extend(warnings);
                    open.unreported += batch.unreported;
                    if batch.source.as_ref().is_some_and(|source| source.knowledge < self.knowledge)
                        && let Some(mut source) = batch.source.take()
                    {
                        batch = Batch { source: None, ..source.walk_again() };
                        batch.source = Some(source);
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
    fn walk_outdated_again(&mut self) {
        let known = self.open.values().filter_map(|open| open.batch.source.as_ref());
        let knowledge = known.filter_map(|source| source.visitor.knowledge()).max();
        let Some(knowledge) = knowledge.filter(|knowledge| *knowledge > self.knowledge) else {
            return;
        };
        self.knowledge = knowledge;
        let (order, now) = (self.order, self.now);
        for (number, open) in &mut self.open {
            if open.walk_again(knowledge, |at| Some((order.key(at), *number)) > now) {
                self.heads.retain(|Reverse((_, of))| of != number);
                if let Some((at, units)) = open.batch.marks.next() {
                    open.head = units;
                    self.heads.push(Reverse((order.key(at), *number)));
                }
            }
        }
    }

    fn finish(&mut self, number: usize, end: Option<(V, Statistics)>) {
        let Some(open) = self.open.remove(&number) else { return };
        let ProgressCounter { octets, records } = &*open.progress;
        let packed_octets = octets.load(Relaxed);
        self.finished.0 += packed_octets;
        self.finished.1 += records.load(Relaxed);
        let name = open.input.name();
        if open.unreported > 0 {
            let hint = self.reports.hint;
            let text = format!("{name}: {} more damaged places{hint}", open.unreported);
            self.pending.push_back(Event::Warning(text));
        }
        let Some((visitor, statistics)) = end else {
            let why = "its thread ended early: this is a mistake of this program";
            return self.pending.push_back(Event::Unreadable(name, why.to_owned()));
        };
        let statistics = Statistics { packed_octets, ..statistics };
        if packed_octets == 0 && statistics.damaged.total() == 0 {
            self.pending.push_back(Event::Unreadable(name, "is empty".to_owned()));
        }
        self.pending.push_back(Event::Done(Box::new(Done { visitor, statistics })));
    }
}

impl<V: RecordVisitor> OpenInput<V> {
    /// Makes the batch again, if it was made with less knowledge. Of what it has more, only what is
    /// still to come counts.
    fn walk_again(&mut self, knowledge: u64, comes: impl Fn(Timestamp) -> bool) -> bool {
        let Some(mut source) = self.batch.source.take_if(|source| source.knowledge < knowledge)
        else {
            return false;
        };
        let next = self.batch.units.as_slice().first().map(V::number);
        let mut again = source.walk_again();
        let mut marks = Vec::new();
        let mut units = Vec::new();
        for (at, count) in again.marks {
            let old = |unit: &V::Unit| next.is_some_and(|next| V::number(unit) >= next);
            let new = |unit: &V::Unit| comes(at) && Some(V::number(unit)) > self.taken;
            let before = units.len();
            let these = again.units.by_ref().take(count);
            units.extend(these.filter(|unit| old(unit) || new(unit)));
            marks.push((at, units.len() - before));
        }
        let (units, marks) = (units.into_iter(), marks.into_iter());
        self.batch = Batch { units, marks, source: Some(source), ..Batch::default() };
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

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::vec;

use bgp::Timestamp;
use parser::{Damage, Element, Filter, Format, Item, Statistics, Step, Walker};

use crate::Meter;
use crate::blocks::{Block, Blocks, Failure};
use crate::hex;

/// What is made of the elements of one input, on a thread of its own.
pub trait Gather: Clone + Send + 'static {
    /// What is gathered: octets of text, observations.
    type Unit: Send + 'static;

    /// Which prefixes are looked at at all.
    fn filter(&self) -> impl Filter + use<Self>;

    /// Gathers what is wanted of an element.
    fn take(&mut self, element: &Element<'_>, units: &mut Vec<Self::Unit>);

    /// How much was learned, from any input, that makes elements matter which were left out before.
    /// Where that can be, a batch is made again whose elements were looked at with less knowledge.
    /// None where nothing is learned.
    fn knowledge(&self) -> Option<u64> {
        None
    }

    /// The number of an element in its input: it tells what a batch that is made again has more. It is
    /// asked only where something is learned.
    fn number(_: &Self::Unit) -> u64 {
        0
    }
}

/// What one input sends.
pub(crate) enum Message<G: Gather> {
    Batch(Batch<G>),
    /// There is no more.
    End(Box<(G, Statistics)>),
}

/// What was gathered from a few blocks.
pub(crate) struct Batch<G: Gather> {
    pub(crate) units: vec::IntoIter<G::Unit>,
    /// Where the time moves on: so many units in a row are of that time.
    pub(crate) marks: vec::IntoIter<(Timestamp, usize)>,
    pub(crate) remarks: Vec<String>,
    /// How many damages there were beside those.
    pub(crate) untold: u64,
    /// What it was made from, if it may have to be made again.
    pub(crate) past: Option<Box<Past<G>>>,
}

/// What a batch is made from, as it was before.
pub(crate) struct Past<G> {
    pub(crate) knowledge: u64,
    pub(crate) gather: G,
    walker: Walker,
    bytes: Vec<u8>,
    last: bool,
}

impl<G: Gather> Past<G> {
    /// Makes the batch again, with what is known now.
    pub(crate) fn again(&mut self) -> Batch<G> {
        self.knowledge = self.gather.knowledge().unwrap_or(self.knowledge);
        let mut worker = Worker {
            gather: self.gather.clone(),
            walker: self.walker.clone(),
            meter: Arc::default(),
            telling: Telling::default(),
            damages: 0,
            ended: false,
        };
        let mut gathering = Gathering::default();
        worker.walk(&self.bytes, self.last, &mut gathering);
        gathering.reach(worker.reached());
        gathering.finish(None)
    }
}

impl<G: Gather> Default for Batch<G> {
    fn default() -> Self {
        Gathering::default().finish(None)
    }
}

/// How a worker tells of damage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Telling {
    /// How many damages of one input are told one by one.
    pub each: u64,
    /// Whether the octets around are shown.
    pub hex: bool,
    /// How to see the others.
    pub hint: &'static str,
}

/// Walked blocks without anything wanted in them before the time they reached is told: often enough
/// for the progress line and for those that wait for this input.
const BLOCKS_SILENT: u32 = 16;

/// Walks the blocks of one input.
pub(crate) struct Worker<G: Gather> {
    pub(crate) gather: G,
    pub(crate) walker: Walker,
    pub(crate) meter: Arc<Meter>,
    pub(crate) telling: Telling,
    pub(crate) damages: u64,
    pub(crate) ended: bool,
}

/// A batch that is being gathered.
struct Gathering<U> {
    units: Vec<U>,
    marks: Vec<(Timestamp, usize)>,
    marked: usize,
    at: Option<Timestamp>,
    remarks: Vec<String>,
    untold: u64,
}

impl<G: Gather> Worker<G> {
    pub(crate) fn new(gather: G, collector: &str, meter: Arc<Meter>, telling: Telling) -> Self {
        let walker = Walker::new(collector);
        Worker { gather, walker, meter, telling, damages: 0, ended: false }
    }

    /// Until there are no more blocks, or nobody wants what is gathered.
    pub(crate) fn work<R: Read + Send + 'static>(
        mut self,
        mut blocks: Blocks<R>,
        out: &SyncSender<Message<G>>,
    ) {
        let mut begun = Vec::new();
        let mut gathering = Gathering::default();
        let mut past = None;
        let mut silent = 0;
        while !self.ended {
            match blocks.next() {
                Ok(block) if block.is_end() => {
                    past = self.remember(&begun, true);
                    self.walk(&begun, true, &mut gathering);
                    self.ended = true;
                }
                Ok(mut block) => {
                    past = self.walk_block(&mut block, &mut begun, &mut gathering);
                    blocks.free(block);
                }
                Err(failure) => self.stop(&failure, &begun, &mut gathering),
            }
            self.meter.records.store(self.walker.statistics().records, Ordering::Relaxed);
            silent += 1;
            if gathering.speaks() || silent >= BLOCKS_SILENT || past.is_some() {
                silent = 0;
                gathering.reach(self.reached());
                let next = gathering.next();
                let batch = std::mem::replace(&mut gathering, next).finish(past.take());
                if out.send(Message::Batch(batch)).is_err() {
                    return;
                }
            }
        }
        let _ = out.send(Message::End(Box::new((self.gather, self.walker.statistics()))));
    }

    /// Walks what was begun before and the block behind it; keeps what is begun at its end.
    fn walk_block(
        &mut self,
        block: &mut Block,
        begun: &mut Vec<u8>,
        gathering: &mut Gathering<G::Unit>,
    ) -> Option<Box<Past<G>>> {
        let past;
        if block.put_before(begun) {
            past = self.remember(block.bytes(), false);
            let taken = self.walk(block.bytes(), false, gathering);
            begun.clear();
            begun.extend_from_slice(block.bytes().get(taken..).unwrap_or_default());
        } else {
            begun.extend_from_slice(block.bytes());
            past = self.remember(begun, false);
            let taken = self.walk(begun, false, gathering);
            begun.drain(..taken);
        }
        past
    }

    /// What is needed to walk these bytes again.
    fn remember(&self, bytes: &[u8], last: bool) -> Option<Box<Past<G>>> {
        let knowledge = self.gather.knowledge()?;
        let (gather, walker) = (self.gather.clone(), self.walker.clone());
        Some(Box::new(Past { knowledge, gather, walker, bytes: bytes.to_vec(), last }))
    }

    fn walk(&mut self, bytes: &[u8], last: bool, gathering: &mut Gathering<G::Unit>) -> usize {
        let Worker { gather, walker, telling, damages, .. } = self;
        let filter = gather.filter();
        let start = walker.statistics().octets;
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let step = walker.step(rest, last, &filter, &mut |item| match item {
                // Where it is: to move it would be to wait until all of it is written.
                Item::Element(ref element) => {
                    gathering.at.get_or_insert(element.at);
                    gather.take(element, &mut gathering.units);
                }
                Item::Damage(damage) => {
                    *damages += 1;
                    gathering.tell(damage, *damages, *telling, (bytes, start));
                }
            });
            gathering.mark();
            match step {
                Step::Read(octets) => taken += octets,
                Step::More(_) => return taken,
                Step::End => {
                    self.ended = true;
                    return bytes.len();
                }
            }
        }
    }

    /// The source failed behind these octets.
    fn stop(&mut self, failure: &Failure, begun: &[u8], gathering: &mut Gathering<G::Unit>) {
        let Worker { walker, telling, damages, .. } = self;
        let start = walker.statistics().octets;
        walker.stop(failure.kind, begun.len(), &mut |item| {
            if let Item::Damage(damage) = item {
                *damages += 1;
                gathering.tell(damage, *damages, *telling, (begun, start));
            }
        });
        gathering.remarks.extend(failure.reason.clone());
        self.ended = true;
    }

    /// The time of the last record.
    fn reached(&self) -> Option<Timestamp> {
        let seconds = self.walker.seconds();
        (self.walker.format() == Some(Format::Mrt)).then(|| Timestamp::from_seconds(seconds.into()))
    }
}

impl<U> Gathering<U> {
    fn speaks(&self) -> bool {
        !self.units.is_empty() || !self.remarks.is_empty() || self.untold > 0
    }

    /// Ends a record.
    fn mark(&mut self) {
        let at = self.at.take();
        let units = self.units.len() - self.marked;
        if let (Some(at), 1..) = (at, units) {
            self.marked = self.units.len();
            match self.marks.last_mut() {
                Some((last, count)) if *last == at => *count += units,
                _ => self.marks.push((at, units)),
            }
        }
    }

    /// Nothing more of an earlier time will come, records that lag behind aside.
    fn reach(&mut self, at: Option<Timestamp>) {
        self.marks.extend(at.map(|at| (at, 0)));
    }

    fn tell(
        &mut self,
        damage: Damage,
        number: u64,
        telling: Telling,
        (bytes, start): (&[u8], u64),
    ) {
        if number > telling.each {
            self.untold += 1;
            return;
        }
        let mut remark = damage.to_string();
        if telling.hex
            && let Ok(at) = usize::try_from(damage.offset.saturating_sub(start))
        {
            remark.push_str(&hex::window(bytes, at, damage.offset));
        }
        self.remarks.push(remark);
    }

    /// An empty one with room for as much: to grow step by step is to copy everything twice.
    fn next(&self) -> Self {
        Gathering { units: Vec::with_capacity(self.units.len()), ..Self::default() }
    }

    fn finish<G: Gather<Unit = U>>(self, past: Option<Box<Past<G>>>) -> Batch<G> {
        let Gathering { units, marks, remarks, untold, .. } = self;
        Batch { units: units.into_iter(), marks: marks.into_iter(), remarks, untold, past }
    }
}

impl<U> Default for Gathering<U> {
    fn default() -> Self {
        Gathering {
            units: Vec::new(),
            marks: Vec::new(),
            marked: 0,
            at: None,
            remarks: Vec::new(),
            untold: 0,
        }
    }
}

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::vec;

use bgp::Timestamp;
use parser::{Damage, Element, Filter, Format, Item, Statistics, Step, Walker};

use crate::blocks::{Block, Blocks, Failure};
use crate::hex;
use crate::progress::ProgressCounter;

/// What is made of the elements of one input, on a thread of its own.
pub trait RecordVisitor: Clone + Send + 'static {
    /// What it makes: octets of text, observations.
    type Unit: Send + 'static;

    /// Which prefixes are looked at at all.
    fn filter(&self) -> impl Filter + use<Self>;

    /// Appends what the command needs of an element.
    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Self::Unit>);

    /// How many facts are known, from any input, that make elements matter which were left out before.
    /// Where that can be, the bytes of a batch that was made with fewer are walked again. None where
    /// nothing is learned.
    fn knowledge(&self) -> Option<u64> {
        None
    }

    /// The number of an element in its input: what a batch that is made again has more is found by
    /// it. Called only where something is learned.
    fn number(_: &Self::Unit) -> u64 {
        0
    }
}

/// What the thread of one input sends.
pub(crate) enum Message<V: RecordVisitor> {
    Batch(Batch<V>),
    /// There is nothing more.
    End(Box<(V, Statistics)>),
}

/// What a visitor made of a few blocks.
pub(crate) struct Batch<V: RecordVisitor> {
    pub(crate) units: vec::IntoIter<V::Unit>,
    /// Where the time moves on: so many units in a row are of that time.
    pub(crate) marks: vec::IntoIter<(Timestamp, usize)>,
    pub(crate) warnings: Vec<String>,
    /// How many damages there were beside those of the warnings.
    pub(crate) unreported: u64,
    /// What it was made from, if it may have to be made again.
    pub(crate) source: Option<Box<BatchSource<V>>>,
}

/// What a batch was made from: the bytes, and the state before them.
pub(crate) struct BatchSource<V> {
    pub(crate) knowledge: u64,
    pub(crate) visitor: V,
    walker: Walker,
    bytes: Vec<u8>,
    last: bool,
    /// The latest time of what stands before these bytes.
    latest: Option<Timestamp>,
}

impl<V: RecordVisitor> BatchSource<V> {
    /// Makes the batch again, with what is known now.
    pub(crate) fn walk_again(&mut self) -> Batch<V> {
        self.knowledge = self.visitor.knowledge().unwrap_or(self.knowledge);
        let mut worker = Worker {
            visitor: self.visitor.clone(),
            walker: self.walker.clone(),
            progress: Arc::default(),
            reports: DamageReports::default(),
            damages: 0,
            ended: false,
        };
        let mut batch = BatchBuilder { latest: self.latest, ..BatchBuilder::default() };
        worker.walk(&self.bytes, self.last, &mut batch);
        batch.mark_reached();
        batch.finish(None)
    }
}

impl<V: RecordVisitor> Default for Batch<V> {
    fn default() -> Self {
        BatchBuilder::default().finish(None)
    }
}

/// How damage is reported.
#[derive(Clone, Copy, Debug, Default)]
pub struct DamageReports {
    /// How many damages of one input are reported one by one.
    pub each: u64,
    /// Whether the octets around are shown.
    pub hex: bool,
    /// How to see the others: the end of a sentence.
    pub hint: &'static str,
}

/// Blocks without any output that are walked before the time they reached is sent: often enough for
/// the progress line and for the inputs that wait for this one.
const BLOCKS_WITHOUT_OUTPUT: u32 = 16;

/// Walks the blocks of one input.
pub(crate) struct Worker<V: RecordVisitor> {
    pub(crate) visitor: V,
    pub(crate) walker: Walker,
    pub(crate) progress: Arc<ProgressCounter>,
    pub(crate) reports: DamageReports,
    pub(crate) damages: u64,
    pub(crate) ended: bool,
}

/// A batch that grows.
struct BatchBuilder<U> {
    units: Vec<U>,
    marks: Vec<(Timestamp, usize)>,
    marked: usize,
    /// The latest time of a record of this input so far, be it wanted or not. A record that lags behind comes where
    /// the one before it came: its place must not depend on what else was found.
    latest: Option<Timestamp>,
    warnings: Vec<String>,
    unreported: u64,
}

impl<V: RecordVisitor> Worker<V> {
    pub(crate) fn new(
        visitor: V,
        collector: &str,
        progress: Arc<ProgressCounter>,
        reports: DamageReports,
    ) -> Self {
        let walker = Walker::new(collector);
        Worker { visitor, walker, progress, reports, damages: 0, ended: false }
    }

    /// Until there are no more blocks, or nobody receives what is made of them.
    pub(crate) fn work<R: Read + Send + 'static>(
        mut self,
        mut blocks: Blocks<R>,
        out: &SyncSender<Message<V>>,
    ) {
        let mut partial = Vec::new();
        let mut batch = BatchBuilder::default();
        let mut source = None;
        let mut without_output = 0;
        while !self.ended {
            match blocks.next() {
                Ok(block) if block.is_end() => {
                    source = self.source(&partial, true, batch.latest);
                    self.walk(&partial, true, &mut batch);
                    self.ended = true;
                }
                Ok(mut block) => {
                    source = self.walk_block(&mut block, &mut partial, &mut batch);
                    blocks.free(block);
                }
                Err(failure) => self.stop(&failure, &partial, &mut batch),
            }
            self.progress.records.store(self.walker.statistics().records, Ordering::Relaxed);
            without_output += 1;
            if batch.has_output() || without_output >= BLOCKS_WITHOUT_OUTPUT || source.is_some() {
                without_output = 0;
                batch.mark_reached();
                let next = batch.next();
                let batch = std::mem::replace(&mut batch, next).finish(source.take());
                if out.send(Message::Batch(batch)).is_err() {
                    return;
                }
            }
        }
        let _ = out.send(Message::End(Box::new((self.visitor, self.walker.statistics()))));
    }

    /// Walks the partial record of before and the block behind it; keeps the partial record at its end.
    fn walk_block(
        &mut self,
        block: &mut Block,
        partial: &mut Vec<u8>,
        batch: &mut BatchBuilder<V::Unit>,
    ) -> Option<Box<BatchSource<V>>> {
        let source;
        if block.put_before(partial) {
            source = self.source(block.bytes(), false, batch.latest);
            let taken = self.walk(block.bytes(), false, batch);
            partial.clear();
            partial.extend_from_slice(block.bytes().get(taken..).unwrap_or_default());
        } else {
            partial.extend_from_slice(block.bytes());
            source = self.source(partial, false, batch.latest);
            let taken = self.walk(partial, false, batch);
            partial.drain(..taken);
        }
        source
    }

    /// What is needed to walk these bytes again.
    fn source(
        &self,
        bytes: &[u8],
        last: bool,
        latest: Option<Timestamp>,
    ) -> Option<Box<BatchSource<V>>> {
        let knowledge = self.visitor.knowledge()?;
        let (visitor, walker) = (self.visitor.clone(), self.walker.clone());
        let bytes = bytes.to_vec();
        Some(Box::new(BatchSource { knowledge, visitor, walker, bytes, last, latest }))
    }

    fn walk(&mut self, bytes: &[u8], last: bool, batch: &mut BatchBuilder<V::Unit>) -> usize {
        let Worker { visitor, walker, reports, damages, .. } = self;
        let filter = visitor.filter();
        let start = walker.statistics().octets;
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            let step = walker.step(rest, last, &filter, &mut |item| match item {
                // Where it is: to move it would be to wait until all of it is written.
                Item::Element(ref element) => {
                    batch.latest = batch.latest.max(Some(element.at));
                    visitor.visit(element, &mut batch.units);
                }
                Item::Damage(damage) => {
                    *damages += 1;
                    batch.report(damage, *damages, *reports, (bytes, start));
                }
            });
            batch.end_record(reached(walker));
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
    fn stop(&mut self, failure: &Failure, partial: &[u8], batch: &mut BatchBuilder<V::Unit>) {
        let Worker { walker, reports, damages, .. } = self;
        let start = walker.statistics().octets;
        walker.stop(failure.kind, partial.len(), &mut |item| {
            if let Item::Damage(damage) = item {
                *damages += 1;
                batch.report(damage, *damages, *reports, (partial, start));
            }
        });
        batch.warnings.extend(failure.reason.clone());
        self.ended = true;
    }
}

/// The time of the last record.
fn reached(walker: &Walker) -> Option<Timestamp> {
    match walker.format()? {
        Format::Mrt => Some(Timestamp::from_seconds(walker.seconds().into())),
        // Their records have no time but that of what they hold.
        Format::RisLive | Format::Bmp | Format::OpenBmp => None,
    }
}

impl<U> BatchBuilder<U> {
    fn has_output(&self) -> bool {
        !self.units.is_empty() || !self.warnings.is_empty() || self.unreported > 0
    }

    /// Ends a record of this time.
    fn end_record(&mut self, at: Option<Timestamp>) {
        self.latest = self.latest.max(at);
        let units = self.units.len() - self.marked;
        if let (Some(at), 1..) = (self.latest, units) {
            self.marked = self.units.len();
            match self.marks.last_mut() {
                Some((last, count)) if *last == at => *count += units,
                _ => self.marks.push((at, units)),
            }
        }
    }

    /// Nothing more of an earlier time will come, records that lag behind aside.
    fn mark_reached(&mut self) {
        self.marks.extend(self.latest.map(|at| (at, 0)));
    }

    fn report(
        &mut self,
        damage: Damage,
        number: u64,
        reports: DamageReports,
        (bytes, start): (&[u8], u64),
    ) {
        if number > reports.each {
            self.unreported += 1;
            return;
        }
        let mut warning = damage.to_string();
        if reports.hex
            && let Ok(at) = usize::try_from(damage.offset.saturating_sub(start))
        {
            warning.push_str(&hex::window(bytes, at, damage.offset));
        }
        self.warnings.push(warning);
    }

    /// An empty one with room for as much: to grow step by step is to copy everything twice.
    fn next(&self) -> Self {
        let units = Vec::with_capacity(self.units.len());
        BatchBuilder { units, latest: self.latest, ..Self::default() }
    }

    fn finish<V: RecordVisitor<Unit = U>>(self, source: Option<Box<BatchSource<V>>>) -> Batch<V> {
        let BatchBuilder { units, marks, warnings, unreported, .. } = self;
        Batch { units: units.into_iter(), marks: marks.into_iter(), warnings, unreported, source }
    }
}

impl<U> Default for BatchBuilder<U> {
    fn default() -> Self {
        BatchBuilder {
            units: Vec::new(),
            marks: Vec::new(),
            marked: 0,
            latest: None,
            warnings: Vec::new(),
            unreported: 0,
        }
    }
}

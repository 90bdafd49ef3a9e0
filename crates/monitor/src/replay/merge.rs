use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use bgp::{Observation, Timestamp};
use parser::{Everything, Item, Reader};

use super::desk::Desk;
use super::inputs::{self, Input, Stream};

/// How many inputs are open at once: an hour of a hundred collectors. More would come near the
/// usual limit of 1,024 descriptors, and with the buffers of bzip2 near a gigabyte.
const OPEN_MAX: usize = 128;

/// How many damages of one input are told one by one.
const TOLD: u64 = 5;

/// Reads many inputs side by side and gives their records in the order of time.
///
/// Only inputs whose time has come are open, so memory and descriptors depend on how many overlap,
/// not on how many there are.
#[derive(Default)]
pub(super) struct Merge {
    waiting: VecDeque<Input>,
    open: BTreeMap<usize, Open>,
    /// The time of each open input's next record; of equals, what was named first.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    opened: usize,
    finished_octets: u64,
    crowded: bool,
}

/// An input that is being read: its next record stands in `batch`.
struct Open {
    input: Input,
    reader: Reader<Stream>,
    batch: Vec<Observation>,
    damages: u64,
}

impl Merge {
    /// `inputs` are in the order of their beginnings.
    pub(super) fn new(inputs: Vec<Input>) -> Self {
        Merge { waiting: inputs.into(), ..Merge::default() }
    }

    /// What the desk keeps of the next record, perhaps nothing; None at the end of all.
    pub(super) fn next(&mut self, desk: &mut Desk<'_>) -> Option<Vec<Observation>> {
        self.open_due(desk);
        let Reverse((_, number)) = self.heads.pop()?;
        let batch = self.open.get_mut(&number).map(|open| std::mem::take(&mut open.batch));
        // The record behind is decoded now, before this batch went through the sieve. So a route
        // whose prefix this very batch makes interesting may be left out, if it is an announcement
        // that breaks no rule by itself.
        self.advance(number, desk);
        batch
    }

    /// How much of the inputs has been read, in bytes of the files.
    pub(super) fn octets(&self) -> u64 {
        let open = self.open.values().map(|open| open.reader.statistics().packed_octets);
        self.finished_octets + open.sum::<u64>()
    }

    /// Opens what begins before the next record. What begins at an unknown time begins now.
    fn open_due(&mut self, desk: &mut Desk<'_>) {
        while let Some(next) = self.waiting.front() {
            let now = self.heads.peek().map(|Reverse((at, _))| *at);
            let due = now.is_none_or(|now| next.begins.is_none_or(|begins| begins <= now));
            if !due {
                return;
            }
            if self.open.len() >= OPEN_MAX {
                if !std::mem::replace(&mut self.crowded, true) {
                    let tail = "the others wait for their turn, and their records may come late";
                    desk.say(&format!("more than {OPEN_MAX} inputs overlap in time: {tail}"));
                }
                return;
            }
            if let Some(input) = self.waiting.pop_front() {
                self.open(input, desk);
            }
        }
    }

    fn open(&mut self, input: Input, desk: &mut Desk<'_>) {
        match Stream::open(&input.path) {
            Ok(stream) => {
                let reader = Reader::new(stream, &inputs::collector(&input.path));
                let number = self.opened;
                self.opened += 1;
                self.open.insert(number, Open { input, reader, batch: Vec::new(), damages: 0 });
                self.advance(number, desk);
            }
            Err(error) => desk.unreadable(&input.name(), &format!("cannot be opened: {error}")),
        }
    }

    /// Reads up to the next record that has a time, or to the end.
    fn advance(&mut self, number: usize, desk: &mut Desk<'_>) {
        match self.open.get_mut(&number).and_then(|open| open.read(desk)) {
            Some(at) => self.heads.push(Reverse((at, number))),
            None => {
                if let Some(open) = self.open.remove(&number) {
                    self.finished_octets += open.reader.statistics().packed_octets;
                    open.finish(desk);
                }
            }
        }
    }
}

impl Open {
    /// Fills the batch; the time of the record, or None at the end.
    fn read(&mut self, desk: &mut Desk<'_>) -> Option<Timestamp> {
        let Open { input, reader, batch, damages } = self;
        let mut at = None;
        loop {
            let more = reader.read_record(&Everything, &mut |item| match item {
                Item::Element(element) => {
                    at = at.or(Some(element.at));
                    batch.extend(desk.take(&element));
                }
                Item::Damage(damage) => {
                    *damages += 1;
                    if *damages <= TOLD {
                        desk.say(&format!("{}: {damage}", input.name()));
                    }
                }
            });
            if at.is_some() || !more {
                return at;
            }
        }
    }

    fn finish(self, desk: &mut Desk<'_>) {
        let (name, statistics) = (self.input.name(), self.reader.statistics());
        if self.damages > TOLD {
            desk.say(&format!("{name}: {} more damaged places", self.damages - TOLD));
        }
        if statistics.packed_octets == 0 && statistics.damaged.total() == 0 {
            desk.unreadable(&name, "is empty");
        }
        desk.summary.add(&statistics);
    }
}

use crate::bmp::{self, Event};
use crate::mrt::{self, Frame, Framing};
use crate::output::Output;
use crate::{Damage, DamageKind, Filter, Item, Statistics, Step, ris_live};

/// Walks a stream of records block by block: the half of [`Reader`](crate::Reader) that does not
/// read. For those who hold the bytes already: a mapped file, or blocks from a thread that unpacks.
#[derive(Clone, Debug)]
pub struct Walker {
    state: State,
    mrt: mrt::Decoder,
    bmp: bmp::Router,
    openbmp: bmp::Routers,
    ris_live: ris_live::Decoder,
    statistics: Statistics,
    /// The time of the last MRT record, to know one again after framing was lost.
    seconds: u32,
}

/// What a stream turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// MRT records (RFC 6396).
    Mrt,
    /// RIS Live messages, one JSON object a line.
    RisLive,
    /// The BMP messages of one router (RFC 7854).
    Bmp,
    /// OpenBMP messages: BMP of many routers.
    OpenBmp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    In(Format),
    /// Within a line that is too long, up to its end.
    Passing,
    Ended(Option<Format>),
}

/// Longest line that is read: a BGP message of 64 KiB with all its prefixes in words and its bytes
/// in hex is below 2 MiB.
pub const LINE_MAX: usize = 4 << 20;

/// How far a lost framing is searched for. Records longer than this are rare, and a search costs.
const SEARCH: usize = 1 << 20;

impl Walker {
    /// Starts at the first octet of an unpacked stream. `collector` names the vantage points of data
    /// that does not name its collector; it may be empty.
    pub fn new(collector: &str) -> Self {
        let config = bmp::Config { router: collector.to_owned(), ..bmp::Config::default() };
        Walker {
            state: State::Start,
            mrt: mrt::Decoder::new(collector),
            bmp: bmp::Router::new(config.clone().into()),
            openbmp: bmp::Routers::new(config),
            ris_live: ris_live::Decoder::new(collector),
            statistics: Statistics::default(),
            seconds: 0,
        }
    }

    /// Takes every whole record at the start of `block` and returns how many octets they fill; the
    /// rest belongs in front of the next block. `last` says that there is no next one: then all of
    /// it is taken.
    pub fn walk(
        &mut self,
        block: &[u8],
        last: bool,
        filter: &impl Filter,
        sink: &mut impl FnMut(Item<'_>),
    ) -> usize {
        let mut taken = 0;
        while let Some(rest) = block.get(taken..) {
            match self.step(rest, last, filter, sink) {
                Step::Read(octets) => taken += octets,
                Step::More(_) => break,
                Step::End => return if last { block.len() } else { taken },
            }
        }
        taken
    }

    /// Takes one record from the start of `bytes`. `last` says that nothing follows them.
    pub fn step(
        &mut self,
        bytes: &[u8],
        last: bool,
        filter: &impl Filter,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Step {
        if self.state == State::Start && (bytes.len() >= mrt::HEADER || last) {
            self.start(bytes, sink);
        }
        let step = match self.state {
            State::Ended(_) => return Step::End,
            _ if bytes.is_empty() && last => return Step::End,
            State::Start => return Step::More(mrt::HEADER),
            State::In(Format::Mrt) => self.mrt_record(bytes, last, filter, sink),
            State::In(Format::RisLive) => self.line(bytes, last, filter, sink),
            State::In(Format::Bmp | Format::OpenBmp) => self.bmp_message(bytes, last, filter, sink),
            State::Passing => self.pass_line(bytes),
        };
        if let Step::Read(octets) = step {
            self.statistics.octets += octets as u64;
        }
        step
    }

    /// Ends the walk where the source fails: tells `kind` at the end of what was taken, `behind`
    /// octets further.
    pub fn stop(&mut self, kind: DamageKind, behind: usize, sink: &mut impl FnMut(Item<'_>)) {
        if !matches!(self.state, State::Ended(_)) {
            self.damage(kind, behind, sink);
            self.state = State::Ended(self.format());
        }
    }

    /// What the stream holds; None before its first octets are known, or where they tell nothing.
    pub const fn format(&self) -> Option<Format> {
        match self.state {
            State::Start => None,
            State::In(format) => Some(format),
            State::Passing => Some(Format::RisLive),
            State::Ended(format) => format,
        }
    }

    /// The time of the last MRT record, in seconds since 1970: how far a scan is that wants none of
    /// its routes. Zero before the first.
    pub const fn seconds(&self) -> u32 {
        self.seconds
    }

    /// What was read so far. [`Statistics::packed_octets`] is unknown here, and zero.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn start(&mut self, bytes: &[u8], sink: &mut impl FnMut(Item<'_>)) {
        // BMP before MRT, of which it would be a record of 1971; MRT before JSON, since its first octet
        // is a time, which will be that of a brace in 2035.
        self.state = if bytes.is_empty() {
            State::Ended(None)
        } else if bmp::is_bmp(bytes) {
            State::In(Format::Bmp)
        } else if bmp::is_openbmp(bytes) {
            State::In(Format::OpenBmp)
        } else if mrt::is_mrt(bytes) {
            State::In(Format::Mrt)
        } else if bytes.trim_ascii_start().first() == Some(&b'{') {
            State::In(Format::RisLive)
        } else {
            self.damage(unknown(bytes), 0, sink);
            State::Ended(None)
        };
    }

    fn mrt_record(
        &mut self,
        bytes: &[u8],
        last: bool,
        filter: &impl Filter,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Step {
        match Framing::of(bytes) {
            Framing::Record(frame, octets) => {
                self.seconds = frame.seconds;
                self.frame(frame, bytes, filter, sink);
                self.statistics.records += 1;
                Step::Read(octets)
            }
            Framing::More(octets) => self.cut(bytes, octets, last, sink),
            Framing::Lost if !last && bytes.len() < SEARCH => Step::More(SEARCH),
            Framing::Lost => match mrt::gap(bytes, self.seconds) {
                Some(octets) => {
                    self.damage(DamageKind::Gap { octets: octets as u64 }, 0, sink);
                    Step::Read(octets)
                }
                None => {
                    self.stop(DamageKind::FramingLost, 0, sink);
                    Step::End
                }
            },
        }
    }

    fn frame<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        bytes: &[u8],
        filter: &impl Filter,
        sink: &mut S,
    ) {
        let (record, offset) = (self.statistics.records, self.statistics.octets);
        let statistics = &mut self.statistics;
        let mut output = Output { sink, statistics, record, offset, bytes };
        self.mrt.decode(frame, filter, &mut output);
    }

    fn line<S: FnMut(Item<'_>)>(
        &mut self,
        bytes: &[u8],
        last: bool,
        filter: &impl Filter,
        sink: &mut S,
    ) -> Step {
        let (line, octets) = match memchr::memchr(b'\n', bytes) {
            Some(end) if end <= LINE_MAX => (bytes.get(..end).unwrap_or(bytes), end + 1),
            None if last && bytes.len() <= LINE_MAX => (bytes, bytes.len()),
            _ if bytes.len() > LINE_MAX => {
                self.damage(DamageKind::LineLength, 0, sink);
                self.statistics.records += 1;
                self.state = State::Passing;
                return Step::Read(LINE_MAX);
            }
            _ => return Step::More(bytes.len() + 1),
        };
        if line.trim_ascii().is_empty() {
            return Step::Read(octets);
        }
        let (record, offset) = (self.statistics.records, self.statistics.octets);
        let statistics = &mut self.statistics;
        let mut output = Output { sink, statistics, record, offset, bytes: line };
        self.ris_live.decode(line, filter, &mut output);
        self.statistics.records += 1;
        Step::Read(octets)
    }

    /// Nobody knows when a message of a file was received: those without a time are as old as the one
    /// before. What only a router tells is left out here.
    fn bmp_message(
        &mut self,
        bytes: &[u8],
        last: bool,
        filter: &impl Filter,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Step {
        let Walker { state, bmp, openbmp, statistics, .. } = self;
        let mut items = |event: Event<'_>| {
            if let Event::Item(item) = event {
                sink(item);
            }
        };
        let step = if *state == State::In(Format::OpenBmp) {
            let framing = bmp::Envelope::frame(bytes);
            bmp::step(framing, bytes, statistics, &mut items, |envelope, out| {
                openbmp.decode(envelope, filter, out);
            })
        } else {
            let framing = bmp::Message::frame(bytes);
            bmp::step(framing, bytes, statistics, &mut items, |message, out| {
                bmp.decode(message, None, filter, out);
            })
        };
        match step {
            Step::Read(_) => (),
            Step::More(octets) => return self.cut(bytes, octets, last, sink),
            Step::End => self.state = State::Ended(self.format()),
        }
        step
    }

    /// The bytes end within a message.
    fn cut(
        &mut self,
        bytes: &[u8],
        wanted: usize,
        last: bool,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Step {
        if !last {
            return Step::More(wanted);
        }
        self.damage(DamageKind::Truncated, 0, sink);
        Step::Read(bytes.len())
    }

    fn pass_line(&mut self, bytes: &[u8]) -> Step {
        match memchr::memchr(b'\n', bytes) {
            Some(end) => {
                self.state = State::In(Format::RisLive);
                Step::Read(end + 1)
            }
            None if bytes.is_empty() => Step::More(1),
            None => Step::Read(bytes.len()),
        }
    }

    fn damage(&mut self, kind: DamageKind, behind: usize, sink: &mut impl FnMut(Item<'_>)) {
        let offset = self.statistics.octets + behind as u64;
        let scope = kind.scope();
        self.statistics.count_damage(scope);
        sink(Item::Damage(Damage { record: self.statistics.records, offset, scope, kind }));
    }
}

/// What the first octets of a stream say that holds nothing we read.
fn unknown(bytes: &[u8]) -> DamageKind {
    let packer = match bytes {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd",
        [0x04, 0x22, 0x4d, 0x18, ..] => "lz4",
        [b'P', b'K', 3, 4, ..] => "zip",
        _ => return DamageKind::UnknownFormat,
    };
    DamageKind::UnknownPacking { packer }
}

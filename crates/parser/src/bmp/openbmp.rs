use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bgp::Timestamp;

use super::information::text;
use super::peer::time;
use super::{Config, Counters, Event, Framing, MESSAGE_MAX, Message, Out, Router, step};
use crate::cursor::Cursor;
use crate::{DamageKind, Filter, Statistics, Step};

/// A stream of OpenBMP messages (binary header 1.7, object type BMP_RAW), as a topic of RouteViews
/// is: BMP of many routers, each message in an envelope that names its router.
///
/// The vantage points of a router have its group as their collector (`route-views5`); without one,
/// the name that the caller gave, or else the router's address.
#[derive(Clone, Debug)]
pub struct OpenBmp {
    routers: Routers,
    statistics: Statistics,
    ended: bool,
}

/// The routers of a stream, each with what it said before.
#[derive(Clone, Debug)]
pub(crate) struct Routers {
    config: Config,
    known: HashMap<[u8; 16], (OpenBmpRouter, Router)>,
}

/// What an envelope says of a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBmpRouter {
    /// The hash that tells routers apart.
    pub hash: [u8; 16],
    /// Address that the collector sees the router under.
    pub address: IpAddr,
    /// The group that its collector puts it in; may be empty.
    pub group: String,
}

/// One message, framed and not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    is_known: bool,
    /// What follows the lengths.
    header: &'a [u8],
    /// The BMP messages behind the header, unframed.
    body: &'a [u8],
}

/// What the header of a BMP_RAW message says.
struct Header<'a> {
    at: Option<Timestamp>,
    hash: [u8; 16],
    address: IpAddr,
    group: &'a [u8],
}

/// The object type of BMP as it came.
const BMP_RAW: u8 = 12;

const MAGIC: [u8; 4] = *b"OBMP";

/// Magic number, version, and the two lengths.
const START: usize = 12;

/// RouteViews has some fifty collectors. A stream that names more than this is broken or hostile.
const ROUTERS_MAX: usize = 1 << 12;

impl OpenBmp {
    /// Starts anywhere between two messages. `config` goes for every router of the stream.
    pub fn new(config: Config) -> Self {
        OpenBmp { routers: Routers::new(config), statistics: Statistics::default(), ended: false }
    }

    /// Takes one message from the start of `bytes`: the value of one Kafka record, or a part of a
    /// file.
    pub fn step(
        &mut self,
        bytes: &[u8],
        filter: &impl Filter,
        sink: &mut impl FnMut(Event<'_>),
    ) -> Step {
        if self.ended {
            return Step::End;
        }
        let OpenBmp { routers, statistics, ended } = self;
        let framing = Envelope::frame(bytes);
        let step = step(framing, bytes, statistics, sink, |envelope, out| {
            routers.decode(envelope, filter, out);
        });
        if let Step::Read(octets) = step {
            statistics.octets += octets as u64;
        }
        *ended = step == Step::End;
        step
    }

    /// The routers seen so far, and what each of them sent.
    pub fn routers(&self) -> impl Iterator<Item = (&OpenBmpRouter, Counters)> {
        self.routers.known.values().map(|(router, state)| (router, state.counters()))
    }

    /// What was read so far.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }
}

impl Routers {
    pub(crate) fn new(config: Config) -> Self {
        Routers { config, known: HashMap::new() }
    }

    pub(crate) fn decode<S: FnMut(Event<'_>)>(
        &mut self,
        envelope: Envelope<'_>,
        filter: &impl Filter,
        out: &mut Out<'_, S>,
    ) {
        let Envelope { is_known, header, body } = envelope;
        if !is_known || header.get(1) != Some(&BMP_RAW) {
            out.statistics.skipped.types += 1;
            return;
        }
        let Some(header) = Header::read(header) else {
            return out.damage(header, DamageKind::RecordLength);
        };
        let Some(router) = self.router(&header) else {
            return out.damage(body, DamageKind::TooMany);
        };
        let mut rest = body;
        while !rest.is_empty() {
            match Message::frame(rest) {
                Framing::Message(message, octets) => {
                    router.decode(message, header.at, filter, out);
                    rest = rest.get(octets..).unwrap_or_default();
                }
                Framing::More(_) | Framing::Lost(_) => {
                    return out.damage(rest, DamageKind::OpenBmpContent);
                }
            }
        }
    }

    fn router(&mut self, header: &Header<'_>) -> Option<&mut Router> {
        if self.known.len() >= ROUTERS_MAX && !self.known.contains_key(&header.hash) {
            return None;
        }
        let config = &self.config;
        let (_, router) = self.known.entry(header.hash).or_insert_with(|| {
            let Header { hash, address, .. } = *header;
            let group = text(header.group);
            let name = if !group.is_empty() {
                group.clone()
            } else if !config.router.is_empty() {
                config.router.clone()
            } else {
                address.to_string()
            };
            let config = Arc::new(Config { router: name, ..config.clone() });
            (OpenBmpRouter { hash, address, group }, Router::new(config))
        });
        Some(router)
    }
}

impl<'a> Envelope<'a> {
    pub(crate) fn frame(bytes: &'a [u8]) -> Framing<Self> {
        let mut cursor = Cursor::new(bytes);
        let Some(magic) = cursor.array::<4>() else { return Framing::More(START) };
        if magic != MAGIC {
            return Framing::Lost(DamageKind::FramingLost);
        }
        let (Some(version), Some(header), Some(octets)) =
            (cursor.array(), cursor.u16(), cursor.u32())
        else {
            return Framing::More(START);
        };
        let (header, body) = (usize::from(header), usize::try_from(octets).unwrap_or(usize::MAX));
        if header < START || body > MESSAGE_MAX {
            return Framing::Lost(DamageKind::BmpLength { octets });
        }
        // What stands where in the header may change with the version, but not the lengths.
        let is_known = version == [1, 7];
        match (bytes.get(START..header), bytes.get(header..header + body)) {
            (Some(fields), Some(content)) => {
                let envelope = Envelope { is_known, header: fields, body: content };
                Framing::Message(envelope, header + body)
            }
            _ => Framing::More(header + body),
        }
    }
}

impl<'a> Header<'a> {
    fn read(fields: &'a [u8]) -> Option<Self> {
        const IS_V6: u8 = 0x40;
        let mut cursor = Cursor::new(fields);
        let [flags, _object_type] = cursor.array()?;
        let (seconds, micros) = (cursor.u32()?, cursor.u32()?);
        let _collector_hash: [u8; 16] = cursor.array()?;
        let _admin_id = cursor.take_u16()?;
        let hash = cursor.array()?;
        let octets: [u8; 16] = cursor.array()?;
        let [a, b, c, d, ..] = octets;
        let address = match flags & IS_V6 {
            // Unlike in BMP, an IPv4 address stands in the first four octets.
            0 => IpAddr::from([a, b, c, d]),
            _ => IpAddr::from(octets),
        };
        let group = cursor.take_u16()?;
        let _row_count = cursor.u32()?;
        Some(Header { at: time(seconds, micros), hash, address, group })
    }
}

/// Whether some bytes begin as an OpenBMP message does.
pub(crate) fn is_openbmp(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

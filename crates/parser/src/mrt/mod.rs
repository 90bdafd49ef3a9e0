//! MRT records (RFC 6396, RFC 8050): framed by their header, then decoded by their type.

mod bgp4mp;
mod frame;
mod legacy;
mod table_dump;
mod table_dump_v2;

use bgp::{Family, Vantage};

use crate::cursor::Cursor;
use crate::output::Output;
use crate::vantages::Vantages;
use crate::{Filter, Item};

pub use frame::RECORD_MAX;
pub(crate) use frame::{Frame, Framing, HEADER, MrtType, gap, is_mrt};

/// What outlives a record: who the peers of the table are, and the sessions seen so far.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    vantages: Vantages,
    peers: Option<Vec<Vantage>>,
}

impl Decoder {
    pub(crate) fn new(collector: &str) -> Self {
        Decoder { vantages: Vantages::new(collector), peers: None }
    }

    pub(crate) fn decode<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        match MrtType::of(frame.mrt_type) {
            Some(MrtType::TableDumpV2) => self.table_dump_v2(frame, filter, output),
            Some(MrtType::Bgp4mp | MrtType::Bgp4mpExtended) => self.bgp4mp(frame, filter, output),
            Some(MrtType::TableDump) => self.table_dump(frame, filter, output),
            Some(MrtType::Bgp) => self.legacy(frame, filter, output),
            None => output.statistics.skipped.types += 1,
        }
    }
}

/// An address of the given family.
fn address(family: Family, cursor: &mut Cursor<'_>) -> Option<std::net::IpAddr> {
    match family {
        Family::Ipv4 => cursor.array::<4>().map(Into::into),
        Family::Ipv6 => cursor.array::<16>().map(Into::into),
    }
}

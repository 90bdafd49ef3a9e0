//! MRT records (RFC 6396, RFC 8050): framed by their header, then decoded by their type.

mod bgp4mp;
mod frame;
mod legacy;
mod message;
mod table_dump;
mod table_dump_v2;

use crate::output::Output;
use crate::vantages::Vantages;
use crate::{Filter, Item};

use table_dump_v2::TableDumpV2;

pub use frame::RECORD_MAX;
pub(crate) use frame::{Frame, Framing, HEADER, MrtType, gap, is_mrt};

/// What outlives a record: the sessions seen so far, and who the peers of the table are.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    vantages: Vantages,
    table: TableDumpV2,
}

impl Decoder {
    pub(crate) fn new(collector: &str) -> Self {
        Decoder { vantages: Vantages::new(collector), table: TableDumpV2::default() }
    }

    pub(crate) fn decode<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let Decoder { vantages, table } = self;
        match MrtType::of(frame.mrt_type) {
            Some(MrtType::TableDumpV2) => table.decode(frame, vantages, filter, output),
            Some(kind @ (MrtType::Bgp4mp | MrtType::Bgp4mpExtended)) => {
                let extended = kind == MrtType::Bgp4mpExtended;
                bgp4mp::decode(frame, extended, vantages, filter, output);
            }
            Some(MrtType::TableDump) => table_dump::decode(frame, vantages, filter, output),
            Some(MrtType::Bgp) => legacy::decode(frame, vantages, filter, output),
            None => output.statistics.skipped.types += 1,
        }
    }
}

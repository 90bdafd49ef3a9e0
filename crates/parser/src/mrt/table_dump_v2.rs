use bgp::{Family, Prefix, Timestamp, Vantage};

use super::frame::Frame;
use crate::attributes::Attributes;
use crate::cursor::Cursor;
use crate::nlri;
use crate::output::Output;
use crate::vantages::Vantages;
use crate::{
    AsSize, DamageKind, Element, ElementKind, Filter, Item, Nlri, RouteAttributes, Source,
};

/// Where path identifiers stand in a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PathId {
    None,
    /// In every RIB entry (RFC 8050 section 4.1).
    Entry,
    /// In front of the prefix (RFC 8050 section 4.2: RIB_GENERIC_ADDPATH is the odd one).
    Prefix(u32),
}

/// TABLE_DUMP_V2 (RFC 6396 section 4.3): a list of peers, then a record for each prefix.
#[derive(Clone, Debug, Default)]
pub(super) struct TableDumpV2 {
    /// None before the list.
    peers: Option<Vec<Vantage>>,
}

impl TableDumpV2 {
    pub(super) fn decode<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        vantages: &Vantages,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let mut cursor = Cursor::new(frame.body);
        let (family, path_id) = match frame.subtype {
            1 => {
                // A second table in a file replaces the first (files are concatenated): what
                // follows belongs to it.
                let (peers, complete) = peer_index_table(cursor, vantages);
                self.peers = Some(peers);
                if !complete {
                    output.damage(frame.body, DamageKind::PeerIndexTable);
                }
                return;
            }
            2 => (Family::Ipv4, PathId::None),
            4 => (Family::Ipv6, PathId::None),
            8 => (Family::Ipv4, PathId::Entry),
            10 => (Family::Ipv6, PathId::Entry),
            6 | 12 => return self.rib_generic(frame, filter, output),
            _ => {
                output.statistics.skipped.subtypes += 1;
                return;
            }
        };
        if cursor.u32().is_none() {
            output.damage(frame.body, DamageKind::RecordLength);
            return;
        }
        self.rib(frame, cursor, (family, path_id), filter, output);
    }

    /// RIB_GENERIC and RIB_GENERIC_ADDPATH (RFC 6396 section 4.3.3, RFC 8050 section 4.2).
    fn rib_generic<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let mut cursor = Cursor::new(frame.body);
        let header = |cursor: &mut Cursor<'_>| {
            cursor.u32()?;
            let (afi, safi) = (cursor.u16()?, cursor.u8()?);
            let path_id = match frame.subtype {
                12 => PathId::Prefix(cursor.u32()?),
                _ => PathId::None,
            };
            Some((afi, safi, path_id))
        };
        match header(&mut cursor) {
            Some((1, 1, id)) => self.rib(frame, cursor, (Family::Ipv4, id), filter, output),
            Some((2, 1, id)) => self.rib(frame, cursor, (Family::Ipv6, id), filter, output),
            Some(_) => output.statistics.skipped.families += 1,
            None => output.damage(frame.body, DamageKind::RecordLength),
        }
    }

    /// A prefix and its routes. The prefix comes first, so that most records of a scan end here.
    fn rib<S: FnMut(Item<'_>)>(
        &self,
        frame: Frame<'_>,
        mut cursor: Cursor<'_>,
        (family, path_id): (Family, PathId),
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let from = cursor.rest();
        let read = match family {
            Family::Ipv4 => nlri::v4(&mut cursor).map(|(bits, length)| {
                (u128::from(bits) << 96, length, filter.wants_v4(bits, length))
            }),
            Family::Ipv6 => nlri::v6(&mut cursor)
                .map(|(bits, length)| (bits, length, filter.wants_v6(bits, length))),
        };
        let (bits, length) = match read {
            Some((_, _, false)) => return,
            Some((bits, length, true)) => (bits, length),
            None => return output.damage(from, DamageKind::NlriSyntax),
        };
        let Some(peers) = &self.peers else {
            output.damage(frame.body, DamageKind::PeerIndexMissing);
            return;
        };
        let prefix = Prefix::from_bits(family, bits, length);
        let rows = Rows { peers, prefix, path_id, only_count: filter.only_counts() };
        if rows.tell(frame, cursor, output).is_none() {
            output.damage(frame.body, DamageKind::RecordLength);
        }
    }
}

/// The routes of one prefix.
struct Rows<'a> {
    peers: &'a [Vantage],
    prefix: Prefix,
    path_id: PathId,
    /// See [`Filter::only_counts`].
    only_count: bool,
}

impl Rows<'_> {
    /// None where the record ends before its entries do.
    fn tell<S: FnMut(Item<'_>)>(
        &self,
        frame: Frame<'_>,
        mut cursor: Cursor<'_>,
        output: &mut Output<'_, S>,
    ) -> Option<()> {
        let source = Source::TableDumpV2 { add_path: self.path_id != PathId::None };
        let family = self.prefix.family();
        for _ in 0..cursor.u16()? {
            let from = cursor.rest();
            let index = cursor.u16()?;
            let originated = Timestamp::from_seconds(cursor.u32()?.into());
            let path_id = match self.path_id {
                PathId::None => 0,
                PathId::Entry => cursor.u32()?,
                PathId::Prefix(path_id) => path_id,
            };
            let field = cursor.take_u16()?;
            let Some(vantage) = self.peers.get(usize::from(index)) else {
                output.damage(from, DamageKind::PeerIndex { index });
                continue;
            };
            if self.only_count {
                output.statistics.counted += 1;
                continue;
            }
            // "All AS numbers in the AS_PATH attribute MUST be encoded as 4-byte AS numbers"
            // (RFC 6396 section 4.3.4).
            let attributes = Attributes::of_entry(field, AsSize::Four, vantage.asn);
            output.faults(attributes.faults());
            let nlri = Nlri { prefix: self.prefix, path_id };
            let attributes = RouteAttributes::new(&attributes, attributes.table_source(family));
            let kind = ElementKind::Rib { nlri, originated, attributes };
            output.element(Element { at: frame.at(), vantage, kind, source });
        }
        Some(())
    }
}

/// PEER_INDEX_TABLE (RFC 6396 section 4.3.1), and whether it is complete.
fn peer_index_table(mut cursor: Cursor<'_>, vantages: &Vantages) -> (Vec<Vantage>, bool) {
    let mut peers = Vec::new();
    let header = |cursor: &mut Cursor<'_>| {
        cursor.u32()?;
        cursor.take_u16()?;
        cursor.u16()
    };
    let Some(count) = header(&mut cursor) else { return (peers, false) };
    for _ in 0..count {
        let Some(peer) = peer(&mut cursor, vantages) else { return (peers, false) };
        peers.push(peer);
    }
    (peers, true)
}

fn peer(cursor: &mut Cursor<'_>, vantages: &Vantages) -> Option<Vantage> {
    const IPV6: u8 = 1;
    const AS4: u8 = 2;
    let kind = cursor.u8()?;
    cursor.u32()?; // BGP identifier
    let family = if kind & IPV6 == 0 { Family::Ipv4 } else { Family::Ipv6 };
    let address = cursor.address(family)?;
    let size = if kind & AS4 == 0 { AsSize::Two } else { AsSize::Four };
    Some(vantages.unkept(address, cursor.asn(size)?))
}

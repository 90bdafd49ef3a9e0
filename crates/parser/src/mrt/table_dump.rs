use bgp::{Family, Prefix, Timestamp, View};

use super::frame::Frame;
use crate::attributes::Attributes;
use crate::cursor::Cursor;
use crate::output::Output;
use crate::vantages::Vantages;
use crate::{
    AsSize, DamageKind, Element, ElementKind, Filter, Item, Nlri, RouteAttributes, Source,
};

/// TABLE_DUMP (RFC 6396 section 4.2): one route a record.
pub(super) fn decode<S: FnMut(Item<'_>)>(
    frame: Frame<'_>,
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) {
    // 3 and 4 are bgpdump's own, with AS numbers of four octets.
    let (family, as_size) = match frame.subtype {
        1 => (Family::Ipv4, AsSize::Two),
        2 => (Family::Ipv6, AsSize::Two),
        3 => (Family::Ipv4, AsSize::Four),
        4 => (Family::Ipv6, AsSize::Four),
        _ => {
            output.statistics.skipped.subtypes += 1;
            return;
        }
    };
    let Some(row) = Row::read(frame.body, family, as_size) else {
        output.damage(frame.body, DamageKind::RecordLength);
        return;
    };
    let Ok(prefix) = Prefix::new_relaxed(row.address, row.length) else {
        output.damage(frame.body, DamageKind::NlriSyntax);
        return;
    };
    if !filter.wants(prefix) {
        return;
    }
    if filter.only_counts() {
        output.statistics.counted += 1;
        return;
    }
    let attributes = Attributes::of_entry(row.attributes, as_size, row.asn);
    output.faults(attributes.faults());
    let nlri = Nlri { prefix, path_id: 0 };
    let originated = Timestamp::from_seconds(row.originated.into());
    let attributes = RouteAttributes::new(&attributes, attributes.table_source(family));
    let kind = ElementKind::Rib { nlri, originated, attributes };
    let vantage = vantages.get(row.peer, row.asn, View::AdjRibInPre);
    output.element(Element { at: frame.at(), vantage, kind, source: Source::TableDump });
}

struct Row<'a> {
    address: std::net::IpAddr,
    length: u8,
    originated: u32,
    peer: std::net::IpAddr,
    asn: bgp::Asn,
    attributes: &'a [u8],
}

impl<'a> Row<'a> {
    fn read(body: &'a [u8], family: Family, as_size: AsSize) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        cursor.take(4)?; // view number, sequence number
        let prefix = cursor.address(family)?;
        let [length, _status] = cursor.array()?;
        Some(Row {
            address: prefix,
            length,
            originated: cursor.u32()?,
            peer: cursor.address(family)?,
            asn: cursor.asn(as_size)?,
            attributes: cursor.take_u16()?,
        })
    }
}

use bgp::{Family, Timestamp, View};

use super::frame::Frame;
use super::message::{Peer, tell_update};
use crate::cursor::Cursor;
use crate::output::Output;
use crate::update::{Lost, Update, update_body};
use crate::vantages::Vantages;
use crate::{AsSize, DamageKind, Element, ElementKind, Filter, Item, Session, Source};

/// What a subtype says (RFC 6396 section 4.4, RFC 8050 section 3).
struct Subtype {
    as_size: AsSize,
    is_state: bool,
    local: bool,
    add_path: bool,
}

impl Subtype {
    const fn of(code: u16) -> Option<Self> {
        let as_size = match code {
            0 | 1 | 6 | 8 | 10 => AsSize::Two,
            4 | 5 | 7 | 9 | 11 => AsSize::Four,
            // ENTRY and SNAPSHOT were never written by anybody, and deprecated.
            _ => return None,
        };
        let is_state = matches!(code, 0 | 5);
        let local = matches!(code, 6 | 7 | 10 | 11);
        Some(Subtype { as_size, is_state, local, add_path: code >= 8 })
    }
}

/// BGP4MP and BGP4MP_ET (RFC 6396 section 4.4): a message of a session, or a change of its state. With
/// `extended` the time has microseconds.
pub(super) fn decode<S: FnMut(Item<'_>)>(
    frame: Frame<'_>,
    extended: bool,
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) {
    let Some(subtype) = Subtype::of(frame.subtype) else {
        output.statistics.skipped.subtypes += 1;
        return;
    };
    let mut cursor = Cursor::new(frame.body);
    let mut at = frame.at();
    if extended {
        let micros = cursor.u32().unwrap_or(0);
        at = Timestamp::from_micros(at.micros() + i64::from(micros));
    }
    let source = Source::Bgp4mp { extended, local: subtype.local, add_path: subtype.add_path };
    let told = if subtype.is_state {
        state_change(cursor, &subtype, (at, source), vantages, output)
    } else {
        message(cursor, &subtype, (at, source), vantages, filter, output)
    };
    if let Err(kind) = told {
        output.damage(frame.body, kind);
    }
}

fn state_change<S: FnMut(Item<'_>)>(
    mut cursor: Cursor<'_>,
    subtype: &Subtype,
    (at, source): (Timestamp, Source),
    vantages: &mut Vantages,
    output: &mut Output<'_, S>,
) -> Result<(), DamageKind> {
    let cut = DamageKind::RecordLength;
    let asn = cursor.asn(subtype.as_size).ok_or(cut)?;
    cursor.asn(subtype.as_size).ok_or(cut)?;
    // Old Zebra wrote state changes without interface and addresses.
    let address = if cursor.rest().len() == 4 {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    } else {
        cursor.u16().ok_or(cut)?;
        let family = family(cursor.u16().ok_or(cut)?)?;
        let peer = cursor.address(family).ok_or(cut)?;
        cursor.address(family).ok_or(cut)?;
        peer
    };
    let (old, new) = (cursor.u16().ok_or(cut)?, cursor.u16().ok_or(cut)?);
    let vantage = vantages.get(address, asn, View::AdjRibInPre);
    output.element(Element { at, vantage, kind: ElementKind::State { old, new }, source });
    Ok(())
}

fn message<S: FnMut(Item<'_>)>(
    mut cursor: Cursor<'_>,
    subtype: &Subtype,
    (at, source): (Timestamp, Source),
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) -> Result<(), DamageKind> {
    let cut = DamageKind::RecordLength;
    let asn = cursor.asn(subtype.as_size).ok_or(cut)?;
    let local_asn = cursor.asn(subtype.as_size).ok_or(cut)?;
    let interface = cursor.u16().ok_or(cut)?;
    let afi = cursor.u16().ok_or(cut)?;
    if (interface, afi) == (0xffff, 0xffff) {
        // Old Zebra wrote its OPENs without interface and addresses: this is the marker.
        output.statistics.skipped.messages += 1;
        return Ok(());
    }
    let family = family(afi)?;
    let peer = cursor.address(family).ok_or(cut)?;
    cursor.address(family).ok_or(cut)?;
    let Subtype { as_size, add_path, local, .. } = *subtype;
    // A LOCAL message is one that the collector sent to this peer.
    let view = if local { View::AdjRibOutPost } else { View::AdjRibInPre };
    let from = cursor.rest();
    let session = Session { as_size, add_path_v4: add_path, add_path_v6: add_path };
    let update = match update_body(&mut cursor) {
        Ok(None) => {
            output.statistics.skipped.messages += 1;
            return Ok(());
        }
        _ if local && !filter.wants_sent() => {
            output.statistics.skipped.sent += 1;
            return Ok(());
        }
        Ok(Some(body)) => Update::new(body, session),
        Err(kind) => Err(Lost { at: from, kind }),
    };
    let peer = Peer { address: peer, asn, view, local_asn: Some(local_asn) };
    tell_update(update, (at, source), &peer, vantages, filter, output);
    Ok(())
}

fn family(afi: u16) -> Result<Family, DamageKind> {
    match afi {
        1 => Ok(Family::Ipv4),
        2 => Ok(Family::Ipv6),
        afi => Err(DamageKind::AddressFamily { afi }),
    }
}

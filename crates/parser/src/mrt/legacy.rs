use bgp::{Family, View};

use super::frame::Frame;
use super::message::{Peer, tell_update};
use crate::cursor::Cursor;
use crate::output::Output;
use crate::update::Update;
use crate::vantages::Vantages;
use crate::{AsSize, DamageKind, Element, ElementKind, Filter, Item, Session, Source};

/// Sessions of 1999: two-octet AS numbers, no ADD-PATH, IPv4.
const SESSION: Session = Session { as_size: AsSize::Two, add_path_v4: false, add_path_v6: false };

/// Type BGP, as MRTd wrote it (RFC 6396 appendix B.2): the message stands there without its
/// BGP header.
pub(super) fn decode<S: FnMut(Item<'_>)>(
    frame: Frame<'_>,
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) {
    const UPDATE: u16 = 1;
    const STATE_CHANGE: u16 = 3;
    let told = match frame.subtype {
        UPDATE => update(frame, vantages, filter, output),
        STATE_CHANGE => state_change(frame, vantages, output),
        // OPEN, NOTIFY, KEEPALIVE.
        5..=7 => {
            output.statistics.skipped.messages += 1;
            Some(())
        }
        _ => {
            output.statistics.skipped.subtypes += 1;
            Some(())
        }
    };
    if told.is_none() {
        output.damage(frame.body, DamageKind::RecordLength);
    }
}

fn update<S: FnMut(Item<'_>)>(
    frame: Frame<'_>,
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) -> Option<()> {
    let mut cursor = Cursor::new(frame.body);
    let asn = cursor.asn(AsSize::Two)?;
    let peer = cursor.address(Family::Ipv4)?;
    let local = cursor.asn(AsSize::Two);
    local?;
    cursor.address(Family::Ipv4)?;
    let peer = Peer { address: peer, asn, view: View::AdjRibInPre, local_asn: local };
    let update = Update::new(cursor.rest(), SESSION);
    tell_update(update, (frame.at(), Source::Bgp), &peer, vantages, filter, output);
    Some(())
}

fn state_change<S: FnMut(Item<'_>)>(
    frame: Frame<'_>,
    vantages: &mut Vantages,
    output: &mut Output<'_, S>,
) -> Option<()> {
    let mut cursor = Cursor::new(frame.body);
    let asn = cursor.asn(AsSize::Two)?;
    let peer = cursor.address(Family::Ipv4)?;
    let kind = ElementKind::State { old: cursor.u16()?, new: cursor.u16()? };
    let vantage = vantages.get(peer, asn, View::AdjRibInPre);
    output.element(Element { at: frame.at(), vantage, kind, source: Source::Bgp });
    Some(())
}

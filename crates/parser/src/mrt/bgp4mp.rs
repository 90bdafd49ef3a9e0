use std::net::IpAddr;

use bgp::{Asn, Family, Timestamp, View};

use super::{Decoder, Frame, MrtType, address};
use crate::attributes::Ends;
use crate::cursor::Cursor;
use crate::output::Output;
use crate::update::{Lost, MANDATORY, Origin, Update, update_body};
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

impl Decoder {
    pub(super) fn bgp4mp<S: FnMut(Item<'_>)>(
        &mut self,
        frame: Frame<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let Some(subtype) = Subtype::of(frame.subtype) else {
            output.statistics.skipped.subtypes += 1;
            return;
        };
        let mut cursor = Cursor::new(frame.body);
        let mut at = frame.at();
        let extended = MrtType::of(frame.mrt_type) == Some(MrtType::Bgp4mpExtended);
        if extended {
            let micros = cursor.u32().unwrap_or(0);
            at = Timestamp::from_micros(at.micros() + i64::from(micros));
        }
        let source = Source::Bgp4mp { extended, local: subtype.local, add_path: subtype.add_path };
        let told = if subtype.is_state {
            self.state_change(cursor, &subtype, (at, source), output)
        } else {
            self.message(cursor, &subtype, (at, source), filter, output)
        };
        if let Err(kind) = told {
            output.damage(frame.body, kind);
        }
    }

    fn state_change<S: FnMut(Item<'_>)>(
        &mut self,
        mut cursor: Cursor<'_>,
        subtype: &Subtype,
        (at, source): (Timestamp, Source),
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
            let peer = address(family, &mut cursor).ok_or(cut)?;
            address(family, &mut cursor).ok_or(cut)?;
            peer
        };
        let (old, new) = (cursor.u16().ok_or(cut)?, cursor.u16().ok_or(cut)?);
        let vantage = self.vantages.get(address, asn, View::AdjRibInPre);
        output.element(Element { at, vantage, kind: ElementKind::State { old, new }, source });
        Ok(())
    }

    fn message<S: FnMut(Item<'_>)>(
        &mut self,
        mut cursor: Cursor<'_>,
        subtype: &Subtype,
        (at, source): (Timestamp, Source),
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
        let peer = address(family, &mut cursor).ok_or(cut)?;
        address(family, &mut cursor).ok_or(cut)?;
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
        self.tell(update, (at, source), &peer, filter, output);
        Ok(())
    }

    /// Tells what an UPDATE says.
    pub(super) fn tell<S: FnMut(Item<'_>)>(
        &mut self,
        update: Result<Update<'_>, Lost<'_>>,
        (at, source): (Timestamp, Source),
        peer: &Peer,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        let Peer { address, asn, view, local_asn: local } = *peer;
        let mut wanted = 0;
        let update = update.and_then(|mut update| {
            output.statistics.skipped.families += update.skipped;
            let is_end_of_rib = update.end_of_rib().is_some() && update.skipped == 0;
            output.statistics.end_of_rib += u64::from(is_end_of_rib);
            wanted = update.wanted(filter);
            match update.lost() {
                Some(lost) if wanted == 0 || filter.only_counts() => Err(lost),
                _ => Ok(update),
            }
        });
        if filter.only_counts() {
            output.statistics.counted += wanted;
        }
        if update.is_ok() && (wanted == 0 || filter.only_counts()) {
            return;
        }
        let origin = Origin { at, vantage: self.vantages.get(address, asn, view), source };
        let ends = Ends { vantage: asn, local, is_internal: asn == Asn::ZERO };
        match update {
            Ok(update) => {
                update.tell(&update.attributes(MANDATORY, ends), origin, filter, output);
            }
            Err(lost) => lost.tell(origin, output),
        }
    }
}

/// Whose message it is, as its record says.
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) asn: Asn,
    pub(super) view: View,
    /// The AS of the collector, or of the router that wrote the file.
    pub(super) local_asn: Option<Asn>,
}

fn family(afi: u16) -> Result<Family, DamageKind> {
    match afi {
        1 => Ok(Family::Ipv4),
        2 => Ok(Family::Ipv6),
        afi => Err(DamageKind::AddressFamily { afi }),
    }
}

use crate::attributes::Fault;
use crate::{Damage, DamageKind, Element, Item, Statistics};

/// Where one record's findings go, and where in the stream that record stands.
pub(crate) struct Output<'o, S> {
    pub(crate) sink: &'o mut S,
    pub(crate) statistics: &'o mut Statistics,
    /// The record's number and the offset of its first octet in the stream.
    pub(crate) record: u64,
    pub(crate) offset: u64,
    /// The record's octets: what a finding points into.
    pub(crate) bytes: &'o [u8],
}

impl<S: FnMut(Item<'_>)> Output<'_, S> {
    pub(crate) fn element(&mut self, element: Element<'_>) {
        (self.sink)(Item::Element(element));
    }

    /// `at` is a part of the record.
    pub(crate) fn damage(&mut self, at: &[u8], kind: DamageKind) {
        let within = at.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr());
        // A RIS Live line is rebuilt elsewhere, so what is wrong with it counts from its start.
        let within = within.filter(|within| *within <= self.bytes.len()).unwrap_or(0);
        let offset = self.offset + within as u64;
        let damage = Damage { record: self.record, offset, scope: kind.scope(), kind };
        self.statistics.count_damage(damage.scope);
        (self.sink)(Item::Damage(damage));
    }

    pub(crate) fn faults(&mut self, faults: &[Fault<'_>]) {
        for fault in faults {
            self.damage(fault.at, fault.kind);
        }
    }
}

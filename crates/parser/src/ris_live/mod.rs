//! RIS Live messages, one JSON object a line, with or without the `ris_message` envelope.
//!
//! A message is rebuilt as BGP attributes and goes the way of every other, so that there is one
//! place where attributes are read.

mod attributes;
mod communities;
mod hops;
mod message;
mod repair;

use std::collections::HashSet;
use std::net::IpAddr;

use bgp::{Prefix, Timestamp, Vantage};

use crate::attributes::Attributes;
use crate::element::ESTABLISHED;
use crate::output::Output;
use crate::vantages::Vantages;
use crate::{
    AsSize, DamageKind, Element, ElementKind, Filter, Item, Nlri, RouteAttributes, Source,
};
use message::{Announcement, Line, Message};

/// What outlives a line: the vantage points seen so far, and room to work in.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    vantages: Vantages,
    attributes: Vec<u8>,
    told: HashSet<Prefix>,
}

impl Decoder {
    pub(crate) fn new(collector: &str) -> Self {
        Decoder { vantages: Vantages::new(collector), attributes: Vec::new(), told: HashSet::new() }
    }

    pub(crate) fn decode<S: FnMut(Item<'_>)>(
        &mut self,
        line: &[u8],
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        match Line::read(line) {
            Line::Message(message) => {
                if self.message(&message, filter, output).is_none() {
                    output.damage(line, DamageKind::Json);
                }
            }
            Line::Control => output.statistics.skipped.messages += 1,
            Line::Error => output.damage(line, DamageKind::ServerError),
            Line::Broken => self.repaired(line, filter, output),
        }
    }

    /// A line that is no message as it stands; perhaps it is one without a field that nobody needs.
    fn repaired<S: FnMut(Item<'_>)>(
        &mut self,
        line: &[u8],
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        if let Some((text, fields)) = repair::without_broken_fields(line)
            && let Line::Message(message) = Line::read(text.as_bytes())
        {
            for field in fields {
                output.damage(line, DamageKind::JsonField { field });
            }
            if self.message(&message, filter, output).is_some() {
                return;
            }
        }
        output.damage(line, DamageKind::Json);
    }

    /// None of a message that lacks what it must have.
    fn message<S: FnMut(Item<'_>)>(
        &mut self,
        message: &Message<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) -> Option<()> {
        let at = message.at()?;
        let (peer, asn) = (message.peer()?, message.asn()?);
        let vantage = match message.collector() {
            Some(collector) => self.vantages.get_at(collector, peer, asn),
            None => self.vantages.get(peer, asn, bgp::View::AdjRibInPre),
        };
        match message.kind() {
            "UPDATE" => {
                let (room, told) = (&mut self.attributes, &mut self.told);
                let mut update = Update { message, at, vantage, room, told, output };
                update.withdrawals(filter);
                update.announcements(filter);
            }
            "RIS_PEER_STATE" => {
                const IDLE: u16 = 1;
                let (old, new) = match message.state()? {
                    "connected" => (0, ESTABLISHED),
                    "down" => (ESTABLISHED, IDLE),
                    _ => return None,
                };
                let kind = ElementKind::State { old, new };
                output.element(Element { at, vantage, kind, source: Source::RisLive });
            }
            _ => output.statistics.skipped.messages += 1,
        }
        Some(())
    }
}

/// One UPDATE on its way out.
struct Update<'u, 'm, 'o, S> {
    message: &'u Message<'m>,
    at: Timestamp,
    vantage: &'u Vantage,
    room: &'u mut Vec<u8>,
    told: &'u mut HashSet<Prefix>,
    output: &'u mut Output<'o, S>,
}

impl<S: FnMut(Item<'_>)> Update<'_, '_, '_, S> {
    fn withdrawals(&mut self, filter: &impl Filter) {
        for text in self.message.withdrawals() {
            if let Some(nlri) = self.wanted(text, filter) {
                self.element(ElementKind::Withdraw { nlri });
            }
        }
    }

    /// A prefix with two next hops (global and link-local) stands in two groups: it is told once.
    fn announcements(&mut self, filter: &impl Filter) {
        let groups = self.message.announcements();
        self.told.clear();
        for group in groups {
            self.room.clear();
            for text in group.prefixes() {
                let Some(nlri) = self.wanted(text, filter) else { continue };
                if groups.len() > 1 && !self.told.insert(nlri.prefix) {
                    continue;
                }
                let is_first = self.room.is_empty();
                if is_first {
                    attributes::write(self.message, next_hop(group), self.room);
                }
                self.announce(nlri, is_first);
            }
        }
    }

    /// What is wrong with the attributes is told with the first prefix that has them.
    fn announce(&mut self, nlri: Nlri, is_first: bool) {
        let Update { at, vantage, room, output, .. } = self;
        let attributes = Attributes::of_entry(room, AsSize::Four, vantage.asn);
        if is_first {
            output.faults(attributes.faults());
        }
        let source = attributes.table_source(nlri.prefix.family());
        let kind =
            ElementKind::Announce { nlri, attributes: RouteAttributes::new(&attributes, source) };
        output.element(Element { at: *at, vantage, kind, source: Source::RisLive });
    }

    /// The prefix if it is one and wanted. Not strict: RIS Live writes what was on the wire.
    fn wanted(&mut self, text: &str, filter: &impl Filter) -> Option<Nlri> {
        if text.eq_ignore_ascii_case("eor") {
            self.output.statistics.end_of_rib += 1;
            return None;
        }
        let parsed = text.split_once('/').and_then(|(address, length)| {
            Prefix::new_relaxed(address.parse().ok()?, length.parse().ok()?).ok()
        });
        let Some(prefix) = parsed else {
            self.output.damage(text.as_bytes(), DamageKind::PrefixText);
            self.element(ElementKind::Unreadable);
            return None;
        };
        filter.wants(prefix).then_some(Nlri { prefix, path_id: 0 })
    }

    fn element(&mut self, kind: ElementKind<'_>) {
        let Update { at, vantage, .. } = *self;
        self.output.element(Element { at, vantage, kind, source: Source::RisLive });
    }
}

/// The global address where a link-local one stands beside it.
fn next_hop(group: &Announcement<'_>) -> Option<IpAddr> {
    group.next_hop()?.split(',').next()?.trim().parse().ok()
}

//! Reads tables into a [`Survey`]: first our own routes, which say what our space is, then what others originate
//! in and around it.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::Arc;

use archive::{DamageReports, Event, Input, Order, RecordVisitor, Scan};
use bgp::{Asn, Prefix, Route, Vantage};
use parser::{Element, ElementKind, Filter, Received};
use setup::Survey;
use validator::WatchList;

use crate::console::Console;

/// A route, and who holds it.
struct Held {
    vantage: Vantage,
    prefix: Prefix,
    route: Arc<Route>,
}

/// Which routes are looked for.
#[derive(Clone)]
enum Wanted {
    /// Those of these ASes, and how many routes there are in all.
    Own(Arc<[Asn]>),
    /// Those in and around this space.
    Around(Arc<WatchList>),
}

#[derive(Clone)]
struct TableVisitor {
    wanted: Wanted,
    /// How many routes each vantage point holds, by family; counted where our own are looked for.
    counts: HashMap<Vantage, [u64; 2], RandomState>,
}

/// What the filter of a visitor lets through.
struct Space(Option<Arc<WatchList>>);

/// Reads the inputs twice. With what could not be read, a sentence each.
pub(super) fn survey(
    asns: &[Asn],
    known: impl IntoIterator<Item = Prefix>,
    inputs: &[Input],
    console: &Console,
) -> (Survey, Vec<String>) {
    let mut survey = Survey::new(asns.iter().copied());
    let mut notes = scan(Wanted::Own(asns.into()), inputs, &mut survey, console);
    let space = Arc::new(survey.space(known));
    // What is damaged is told once.
    let again = scan(Wanted::Around(space), inputs, &mut survey, console);
    notes.extend(again.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>());
    (survey, notes)
}

fn scan(wanted: Wanted, inputs: &[Input], survey: &mut Survey, console: &Console) -> Vec<String> {
    let mut notes = Vec::new();
    let visitor = TableVisitor { wanted, counts: HashMap::default() };
    let reports = DamageReports { each: 1, ..DamageReports::default() };
    let mut scan =
        Scan::new(inputs.to_vec(), Order::Any, reports, move |_: &Input| visitor.clone());
    loop {
        let (octets, records) = scan.progress();
        console.progress(octets, records);
        match scan.next_event() {
            None => return notes,
            Some(Event::Units(units, count, _)) => {
                units
                    .take(count)
                    .for_each(|held| survey.add(&held.vantage, held.prefix, &held.route));
            }
            Some(Event::Warning(text)) => notes.push(text),
            Some(Event::Unreadable(name, why)) => notes.push(format!("{name}: {why}")),
            Some(Event::Done(done)) => {
                for (vantage, [v4, v6]) in &done.visitor.counts {
                    survey.add_table(vantage, bgp::Family::Ipv4, *v4);
                    survey.add_table(vantage, bgp::Family::Ipv6, *v6);
                }
            }
        }
    }
}

impl RecordVisitor for TableVisitor {
    type Unit = Held;

    fn filter(&self) -> impl Filter + use<> {
        match &self.wanted {
            Wanted::Own(_) => Space(None),
            Wanted::Around(space) => Space(Some(space.clone())),
        }
    }

    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Held>) {
        let (ElementKind::Rib { nlri, attributes, .. }
        | ElementKind::Announce { nlri, attributes }) = &element.kind
        else {
            return;
        };
        if let Wanted::Own(asns) = &self.wanted {
            let place = usize::from(nlri.prefix.family() == bgp::Family::Ipv6);
            match self.counts.get_mut(element.vantage) {
                Some(counts) => counts[place] += 1,
                None => {
                    let mut counts = [0; 2];
                    counts[place] = 1;
                    self.counts.insert(element.vantage.clone(), counts);
                }
            }
            if !element.origin().members().iter().any(|asn| asns.contains(asn)) {
                return;
            }
        }
        let (vantage, prefix) = (element.vantage.clone(), nlri.prefix);
        units.push(Held { vantage, prefix, route: attributes.route() });
    }
}

impl Filter for Space {
    fn wants(&self, prefix: Prefix) -> bool {
        self.0.as_ref().is_none_or(|space| space.touches(prefix))
    }

    fn wants_v4(&self, bits: u32, length: u8) -> bool {
        let bits = u128::from(bits) << 96;
        self.0.as_ref().is_none_or(|space| space.touches_bits(bgp::Family::Ipv4, bits, length))
    }

    fn wants_v6(&self, bits: u128, length: u8) -> bool {
        self.0.as_ref().is_none_or(|space| space.touches_bits(bgp::Family::Ipv6, bits, length))
    }

    fn wants_sent(&self) -> bool {
        Received.wants_sent()
    }
}

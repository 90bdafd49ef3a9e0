//! A table: who originates what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use archive::{DamageReports, Event, Inputs, Order, RecordVisitor, Scan};
use bgp::{Asn, Prefix};
use parser::{Element, Everything, Filter};

/// The origins of each prefix that anybody holds.
pub(crate) struct Table(BTreeMap<Prefix, BTreeSet<Asn>>);

#[derive(Clone)]
struct Routes;

impl RecordVisitor for Routes {
    type Unit = (Prefix, Asn);

    fn filter(&self) -> impl Filter + use<> {
        Everything
    }

    fn visit(&mut self, element: &Element<'_>, routes: &mut Vec<(Prefix, Asn)>) {
        routes.extend(element.prefix().zip(element.origin().asn()));
    }
}

impl Table {
    /// Reads the routes of these files.
    pub(crate) fn read(files: &[PathBuf]) -> Self {
        let found = Inputs::find(files, None);
        let mut scan = Scan::new(found.inputs, Order::Any, DamageReports::default(), |_| Routes);
        let mut table: BTreeMap<Prefix, BTreeSet<Asn>> = BTreeMap::new();
        while let Some(event) = scan.next_event() {
            match event {
                Event::Units(routes, count, _) => {
                    for (prefix, origin) in routes.take(count).filter(|(p, _)| p.length() > 0) {
                        table.entry(prefix).or_default().insert(origin);
                    }
                }
                Event::Warning(_) | Event::Done(_) => {}
                Event::Unreadable(input, why) => println!("{input}: {why}"),
            }
        }
        Table(table)
    }

    /// How many prefixes it has.
    pub(crate) fn prefixes(&self) -> usize {
        self.0.len()
    }

    /// How many networks originate them.
    pub(crate) fn origins(&self) -> usize {
        self.0.values().flatten().collect::<BTreeSet<_>>().len()
    }

    /// Each prefix with its origins.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Prefix, &BTreeSet<Asn>)> {
        self.0.iter().map(|(prefix, origins)| (*prefix, origins))
    }
}

use std::num::NonZeroUsize;

use archive::{DamageReports, Event, Input, Order, Scan};

use crate::{Criteria, Query};

/// A search that runs: the hits of several inputs, in the order of time, or of each input by itself where they
/// are only counted.
///
/// No method is generic, so all that sees every element is compiled in this crate, as fast as it can be.
pub struct Search {
    scan: Scan<Query>,
}

impl Search {
    /// Looks in these inputs for what the criteria say, and reports damage so.
    pub fn new(inputs: Vec<Input>, reports: DamageReports, criteria: Criteria) -> Self {
        let order = if criteria.count { Order::Any } else { Order::Time };
        let query = Query::new(criteria);
        Search { scan: Scan::new(inputs, order, reports, move |_| query.clone()) }
    }

    /// See [`Scan::set_threads`].
    pub fn set_threads(&mut self, threads: Option<NonZeroUsize>) {
        self.scan.set_threads(threads);
    }

    /// How many octets of the inputs have been read, and how many records.
    pub fn progress(&self) -> (u64, u64) {
        self.scan.progress()
    }

    /// What comes next, hits as printed text; None at the end of all. See [`Scan::next_event`].
    pub fn next_event(&mut self) -> Option<Event<'_, Query>> {
        self.scan.next_event()
    }
}

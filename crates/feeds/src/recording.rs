use std::num::NonZeroUsize;
use std::sync::Arc;

use archive::{DamageReports, Event, Input, Order, RecordVisitor, Scan};
use bgp::Timestamp;
use parser::{Element, ElementKind, Filter, Received};
use validator::{Classifier, Finding};

use crate::classify::{ElementClassifier, SharedPrefixes};
use crate::known_origins::{KnownOrigins, OffenderFilter};

/// A replay's feed: recordings, merged by time, to findings.
///
/// No method is generic, so all that sees every element is compiled in this crate, as fast as it can be.
pub struct Recording {
    scan: Scan<FindingVisitor>,
    known: Option<Arc<KnownOrigins>>,
}

impl Recording {
    /// Reads these inputs, and classifies what was recorded before `until`.
    pub fn new(
        inputs: Vec<Input>,
        reports: DamageReports,
        classifier: Arc<Classifier>,
        until: Option<Timestamp>,
    ) -> Self {
        let knows_holders = classifier.knows_holders();
        let visitor = FindingVisitor::new(classifier, until);
        let known = (!knows_holders).then(|| visitor.known.clone());
        let scan = Scan::new(inputs, Order::Time, reports, move |_| visitor.clone());
        Recording { scan, known }
    }

    /// What the findings have to pass where RPKI data do not say whose the space of others is.
    pub fn offender_filter(&self) -> Option<OffenderFilter> {
        self.known.clone().map(OffenderFilter::new)
    }

    /// See [`Scan::set_threads`].
    pub fn set_threads(&mut self, threads: Option<NonZeroUsize>) {
        self.scan.set_threads(threads);
    }

    /// How many octets of the inputs have been read, and how many records.
    pub fn progress(&self) -> (u64, u64) {
        self.scan.progress()
    }

    /// What comes next; None at the end of all. See [`Scan::next_event`].
    pub fn next_event(&mut self) -> Option<Event<'_, FindingVisitor>> {
        self.scan.next_event()
    }
}

/// How many elements one input has, watched or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElementCounts {
    /// Announced routes.
    pub announcements: u64,
    /// Withdrawn routes.
    pub withdrawals: u64,
    /// Routes in tables.
    pub rib_entries: u64,
    /// Changes of sessions.
    pub state_changes: u64,
    /// Of those above, how many lie behind the time that was asked for, and were left out.
    pub outside: u64,
}

impl ElementCounts {
    const fn count(&mut self, element: &Element<'_>) {
        let counter = match element.kind {
            ElementKind::Rib { .. } => &mut self.rib_entries,
            ElementKind::Announce { .. } => &mut self.announcements,
            ElementKind::Withdraw { .. } => &mut self.withdrawals,
            ElementKind::State { .. } => &mut self.state_changes,
            // It is damage, and counted as that.
            ElementKind::Unreadable => return,
        };
        *counter += 1;
    }
}

/// Counts the elements of one input, and classifies them: the same step as in a live feed. It finds all
/// that matters, and may find more: which prefixes outside every watch our own AS has announced by then
/// is known only in the order of time, so what is found of them is admitted behind the merge.
///
/// It keeps every element of a prefix that our own AS announces, and of one that is taken from its holder, in any
/// input that was walked so far, and where that comes too late, the scan walks again.
#[derive(Clone)]
pub struct FindingVisitor {
    classifier: ElementClassifier,
    own: Arc<SharedPrefixes>,
    known: Arc<KnownOrigins>,
    until: Option<Timestamp>,
    counts: ElementCounts,
    elements: u64,
}

/// A finding and the number of its element.
pub struct Found(pub u64, pub Finding);

impl FindingVisitor {
    /// All visitors of one replay are clones of one.
    fn new(classifier: Arc<Classifier>, until: Option<Timestamp>) -> Self {
        let (own, known) = (Arc::<SharedPrefixes>::default(), Arc::<KnownOrigins>::default());
        FindingVisitor {
            classifier: ElementClassifier::of_recording(classifier, own.clone(), known.clone()),
            own,
            known,
            until,
            counts: ElementCounts::default(),
            elements: 0,
        }
    }

    /// What was read of the input so far.
    pub const fn counts(&self) -> ElementCounts {
        self.counts
    }
}

impl RecordVisitor for FindingVisitor {
    type Unit = Found;

    fn filter(&self) -> impl Filter + use<> {
        Received
    }

    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Found>) {
        self.elements += 1;
        self.counts.count(element);
        if self.until.is_some_and(|until| until <= element.at) {
            self.counts.outside += 1;
        } else {
            let found = |finding| Found(self.elements, finding);
            units.extend(self.classifier.newcomer(element).map(found));
            units.extend(self.classifier.finding(element).map(found));
        }
    }

    fn knowledge(&self) -> Option<u64> {
        // Both only grow.
        Some(self.own.count() + self.known.news())
    }

    fn number(Found(number, _): &Found) -> u64 {
        *number
    }
}

#[cfg(test)]
mod tests;

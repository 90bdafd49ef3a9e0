use std::sync::Arc;

use archive::RecordVisitor;
use bgp::Timestamp;
use feeds::{ElementClassifier, SharedPrefixes};
use parser::{Element, Filter, Received};
use validator::{Classifier, Finding};

use super::summary::Summary;

/// Counts the elements of one input, and classifies them: the same step as in a live feed. It finds all
/// that matters, and may find more: which prefixes outside every watch our own AS has announced by then
/// is known only in the order of time, so what is found of them is admitted behind the merge.
///
/// It keeps every element of a prefix that our own AS announces in any input that was walked so far, and
/// where that comes too late, the scan walks again.
#[derive(Clone)]
pub(super) struct FindingVisitor {
    classifier: ElementClassifier,
    own: Arc<SharedPrefixes>,
    until: Option<Timestamp>,
    pub(super) summary: Summary,
    elements: u64,
}

/// A finding and the number of its element.
pub(super) struct Found(pub(super) u64, pub(super) Finding);

impl FindingVisitor {
    /// All visitors of one replay are clones of one.
    pub(super) fn new(classifier: Arc<Classifier>, until: Option<Timestamp>) -> Self {
        let own = Arc::<SharedPrefixes>::default();
        FindingVisitor {
            classifier: ElementClassifier::of_recording(classifier, own.clone()),
            own,
            until,
            summary: Summary::default(),
            elements: 0,
        }
    }
}

impl RecordVisitor for FindingVisitor {
    type Unit = Found;

    fn filter(&self) -> impl Filter + use<> {
        Received
    }

    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Found>) {
        self.elements += 1;
        self.summary.count(element);
        if self.until.is_some_and(|until| until <= element.at) {
            self.summary.outside += 1;
        } else if let Some(finding) = self.classifier.finding(element) {
            units.push(Found(self.elements, finding));
        }
    }

    fn knowledge(&self) -> Option<u64> {
        Some(self.own.count())
    }

    fn number(Found(number, _): &Found) -> u64 {
        *number
    }
}

#[cfg(test)]
mod tests;

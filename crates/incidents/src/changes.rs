//! What is worth an update: the decision to tell, as one pure function.

use std::collections::BTreeSet;

use bgp::{Asn, Prefix};
use serde::{Deserialize, Serialize};
use validator::Severity;

use crate::Country;

/// Shares of the vantage points at which spread is a change, in percent.
const SPREAD_STEPS: [usize; 6] = [1, 5, 10, 25, 50, 75];

/// What can change in an incident, gathered since it opened. Only ever grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// What was announced.
    pub(crate) prefixes: BTreeSet<Prefix>,
    pub(crate) acceptors: BTreeSet<Asn>,
    /// The highest step of [`SPREAD_STEPS`] that was passed.
    pub(crate) spread: usize,
    /// The most vantage points that held it at the same time.
    #[serde(default)]
    pub(crate) peak: usize,
    pub(crate) home: Option<Country>,
    pub(crate) upstreams: BTreeSet<Asn>,
    pub(crate) mass: bool,
    /// What a condition has to say.
    #[serde(default)]
    pub(crate) details: BTreeSet<String>,
    pub(crate) severity: Option<Severity>,
}

/// One material change since the last notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentChange {
    /// It became more serious.
    Severity(Severity),
    /// Another prefix is announced.
    Prefix(Prefix),
    /// Another AS accepted the route from the offender.
    AcceptedBy(Asn),
    /// More than this share of the vantage points holds it, in percent.
    SpreadPast(usize),
    /// So many vantage points hold it, at least twice as many as were told.
    HeldBy(usize),
    /// First sight in the operator's country.
    SeenIn(Country),
    /// First sight behind an upstream of ours.
    Upstream(Asn),
    /// It hits many others too.
    Mass,
    /// A condition has more to say.
    Detail(String),
}

impl IncidentChange {
    /// Whether it makes an incident worse, and not only wider: that is told at once.
    pub const fn is_worse(&self) -> bool {
        match self {
            IncidentChange::Severity(_)
            | IncidentChange::Prefix(_)
            | IncidentChange::SeenIn(_)
            | IncidentChange::Upstream(_)
            | IncidentChange::Mass => true,
            IncidentChange::AcceptedBy(_)
            | IncidentChange::SpreadPast(_)
            | IncidentChange::HeldBy(_)
            | IncidentChange::Detail(_) => false,
        }
    }

    /// The same of what an incident says a few times at most: hundreds of our prefixes may be hit one after the
    /// other, and mails about them keep their distance.
    pub const fn is_worse_once(&self) -> bool {
        self.is_worse() && !matches!(self, IncidentChange::Prefix(_))
    }
}

impl Facts {
    /// Notes how many of how many vantage points hold the route.
    pub(crate) fn note_spread(&mut self, holding: usize, total: usize) {
        self.peak = self.peak.max(holding);
        let passed = |step: &&usize| holding * 100 > **step * total;
        if let Some(step) = SPREAD_STEPS.iter().rfind(passed) {
            self.spread = self.spread.max(*step);
        }
    }
}

/// What is known now and was not told yet, the most pressing first.
pub(crate) fn changes(notified: &Facts, known: &Facts) -> Vec<IncidentChange> {
    let mut changes = Vec::new();
    if let Some(severity) = known.severity.filter(|_| known.severity > notified.severity) {
        changes.push(IncidentChange::Severity(severity));
    }
    changes.extend(
        known.prefixes.difference(&notified.prefixes).map(|prefix| IncidentChange::Prefix(*prefix)),
    );
    if let Some(country) = known.home.filter(|_| notified.home.is_none()) {
        changes.push(IncidentChange::SeenIn(country));
    }
    changes.extend(
        known.upstreams.difference(&notified.upstreams).map(|asn| IncidentChange::Upstream(*asn)),
    );
    changes.extend(
        known.acceptors.difference(&notified.acceptors).map(|asn| IncidentChange::AcceptedBy(*asn)),
    );
    if known.spread > notified.spread {
        changes.push(IncidentChange::SpreadPast(known.spread));
    } else if notified.peak > 0 && known.peak >= 2 * notified.peak {
        // Past the last step too, and where nobody knows of how many.
        changes.push(IncidentChange::HeldBy(known.peak));
    }
    if known.mass && !notified.mass {
        changes.push(IncidentChange::Mass);
    }
    changes
        .extend(known.details.difference(&notified.details).cloned().map(IncidentChange::Detail));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_a_change_when_it_passes_a_step_and_not_when_it_falls_back() {
        let mut facts = Facts::default();
        let mut step = |holding, total| {
            facts.note_spread(holding, total);
            facts.spread
        };
        assert_eq!(step(0, 0), 0);
        assert_eq!(step(1, 100), 0);
        assert_eq!(step(2, 100), 1);
        assert_eq!(step(26, 100), 25);
        assert_eq!(step(3, 100), 25);
        assert_eq!(step(100, 100), 75);
    }

    #[test]
    fn only_what_was_not_notified_is_a_change() {
        let notified = Facts {
            prefixes: ["198.18.0.0/21".parse().unwrap()].into(),
            acceptors: [Asn::new(4651)].into(),
            spread: 5,
            severity: Some(Severity::Critical),
            ..Facts::default()
        };
        assert_eq!(changes(&notified, &notified), []);
        let mut known = notified.clone();
        known.prefixes.insert("198.18.8.0/21".parse().unwrap());
        known.acceptors.insert(Asn::new(3356));
        known.spread = 10;
        known.home = Some("GB".parse().unwrap());
        known.upstreams.insert(Asn::new(64510));
        known.mass = true;
        assert_eq!(
            changes(&notified, &known),
            [
                IncidentChange::Prefix("198.18.8.0/21".parse().unwrap()),
                IncidentChange::SeenIn("GB".parse().unwrap()),
                IncidentChange::Upstream(Asn::new(64510)),
                IncidentChange::AcceptedBy(Asn::new(3356)),
                IncidentChange::SpreadPast(10),
                IncidentChange::Mass,
            ]
        );
        assert_eq!(changes(&known, &notified), []);
    }
}

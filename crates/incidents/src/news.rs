//! What is worth an update: the decision to tell, as one pure function.

use std::collections::BTreeSet;

use bgp::{Asn, Prefix};
use serde::{Deserialize, Serialize};
use validator::Severity;

use crate::Country;

/// Shares of the vantage points at which spread is news, in percent.
const SPREAD_STEPS: [usize; 6] = [1, 5, 10, 25, 50, 75];

/// What can be news of an incident, gathered since it opened. Only ever grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// What was announced.
    pub(crate) prefixes: BTreeSet<Prefix>,
    pub(crate) acceptors: BTreeSet<Asn>,
    /// The highest step of [`SPREAD_STEPS`] that was passed.
    pub(crate) spread: usize,
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
pub enum News {
    /// It became more serious.
    Severity(Severity),
    /// Another prefix is announced.
    Prefix(Prefix),
    /// Another AS accepted the route from the offender.
    AcceptedBy(Asn),
    /// More than this share of the vantage points holds it, in percent.
    SpreadPast(usize),
    /// First sight in the operator's country.
    SeenIn(Country),
    /// First sight behind an upstream of ours.
    Upstream(Asn),
    /// It hits many others too.
    Mass,
    /// A condition has more to say.
    Detail(String),
}

impl Facts {
    /// Notes how many of how many vantage points hold the route.
    pub(crate) fn note_spread(&mut self, holding: usize, total: usize) {
        let passed = |step: &&usize| holding * 100 > **step * total;
        if let Some(step) = SPREAD_STEPS.iter().rfind(passed) {
            self.spread = self.spread.max(*step);
        }
    }
}

/// What is known now and was not told yet, the most pressing first.
pub(crate) fn news(told: &Facts, known: &Facts) -> Vec<News> {
    let mut news = Vec::new();
    if let Some(severity) = known.severity.filter(|_| known.severity > told.severity) {
        news.push(News::Severity(severity));
    }
    news.extend(known.prefixes.difference(&told.prefixes).map(|prefix| News::Prefix(*prefix)));
    if let Some(country) = known.home.filter(|_| told.home.is_none()) {
        news.push(News::SeenIn(country));
    }
    news.extend(known.upstreams.difference(&told.upstreams).map(|asn| News::Upstream(*asn)));
    news.extend(known.acceptors.difference(&told.acceptors).map(|asn| News::AcceptedBy(*asn)));
    if known.spread > told.spread {
        news.push(News::SpreadPast(known.spread));
    }
    if known.mass && !told.mass {
        news.push(News::Mass);
    }
    news.extend(known.details.difference(&told.details).cloned().map(News::Detail));
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_news_when_it_passes_a_step_and_not_when_it_falls_back() {
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
    fn only_what_was_not_told_is_news() {
        let told = Facts {
            prefixes: ["198.18.0.0/21".parse().unwrap()].into(),
            acceptors: [Asn::new(4651)].into(),
            spread: 5,
            severity: Some(Severity::Critical),
            ..Facts::default()
        };
        assert_eq!(news(&told, &told), []);
        let mut known = told.clone();
        known.prefixes.insert("198.18.8.0/21".parse().unwrap());
        known.acceptors.insert(Asn::new(3356));
        known.spread = 10;
        known.home = Some("GB".parse().unwrap());
        known.upstreams.insert(Asn::new(64510));
        known.mass = true;
        assert_eq!(
            news(&told, &known),
            [
                News::Prefix("198.18.8.0/21".parse().unwrap()),
                News::SeenIn("GB".parse().unwrap()),
                News::Upstream(Asn::new(64510)),
                News::AcceptedBy(Asn::new(3356)),
                News::SpreadPast(10),
                News::Mass,
            ]
        );
        assert_eq!(news(&known, &told), []);
    }
}

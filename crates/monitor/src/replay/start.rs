use std::collections::BTreeMap;
use std::sync::Arc;

use bgp::{Prefix, Timestamp, Vantage};
use incidents::Incidents;
use validator::{Classifier, Finding, OwnPrefixes, RouteFinding, RouteState};

/// What happens, from the beginning that was asked for. What was before is state and no change: what
/// stands at the beginning is told then, and what was over by then is not.
pub(super) struct ReplayStart {
    classifier: Arc<Classifier>,
    own: OwnPrefixes,
    pub(super) incidents: Incidents,
    /// None from the beginning on.
    before: Option<Before>,
    pub(super) now: Option<Timestamp>,
    pub(super) findings: u64,
}

/// What stands so far.
struct Before {
    /// When the replay begins: what is earlier is only remembered.
    until: Timestamp,
    routes: BTreeMap<Vantage, BTreeMap<(Prefix, u32), RouteFinding>>,
}

impl ReplayStart {
    pub(super) fn new(
        classifier: Arc<Classifier>,
        incidents: Incidents,
        from: Option<Timestamp>,
    ) -> Self {
        let before = from.map(|until| Before { until, routes: BTreeMap::new() });
        let own = OwnPrefixes::default();
        ReplayStart { classifier, own, incidents, before, now: None, findings: 0 }
    }

    /// Takes in what comes next in the order of time.
    pub(super) fn take(&mut self, finding: Finding) {
        let at = finding.at();
        self.reach(at);
        if !self.own.admit(&finding, &self.classifier) {
            return;
        }
        self.findings += 1;
        let within = match &mut self.before {
            Some(before) => before.take(finding),
            None => Some(finding),
        };
        if let Some(finding) = within {
            self.incidents.handle(at, finding);
        }
    }

    /// Time passes, whatever the records are about that were read.
    pub(super) fn tick(&mut self, at: Timestamp) {
        self.reach(at);
        if self.before.is_none() {
            self.incidents.handle_timeout(at);
        }
    }

    fn reach(&mut self, at: Timestamp) {
        if self.before.as_ref().is_none_or(|before| before.until <= at) {
            self.begin();
            self.now = self.now.max(Some(at));
        }
    }

    /// The beginning is there, or all that there is was before it.
    pub(super) fn begin(&mut self) {
        let Some(Before { until, routes }) = self.before.take() else { return };
        let mut standing: Vec<_> = routes.into_values().flat_map(BTreeMap::into_values).collect();
        standing.sort_by_key(|finding| finding.at);
        if !standing.is_empty() {
            self.now = Some(until);
        }
        for finding in standing {
            self.incidents.handle(until, Finding::Route(finding));
        }
    }
}

impl Before {
    /// Keeps what a route is about. What an AS does to others is given back: the engine measures what
    /// is usual by it.
    fn take(&mut self, finding: Finding) -> Option<Finding> {
        match finding {
            Finding::Route(finding) => {
                let routes = self.routes.entry(finding.vantage.clone()).or_default();
                let key = (finding.prefix, finding.path_id);
                match finding.state {
                    RouteState::Withdrawn => drop(routes.remove(&key)),
                    RouteState::Held(_) | RouteState::Restored(_) => {
                        drop(routes.insert(key, finding))
                    }
                    RouteState::Unreadable => {
                        if let Some(route) = routes.get_mut(&key) {
                            route.mark_stale();
                        }
                    }
                }
                None
            }
            Finding::SessionDown { vantage, .. } => {
                self.routes.remove(&vantage);
                None
            }
            Finding::OffenderActivity { .. } => Some(finding),
            Finding::SessionUp { .. }
            | Finding::Stale { .. }
            | Finding::EndOfRib { .. }
            | Finding::Condition { .. } => None,
        }
    }
}

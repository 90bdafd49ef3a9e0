use std::collections::BTreeMap;
use std::sync::Arc;

use bgp::{Prefix, Route, Timestamp, Vantage};
use feeds::OffenderFilter;
use incidents::Incidents;
use validator::{Classifier, Finding, OwnPrefixes, RouteFinding, RouteState};

use crate::reclassify::reclassify;

/// What happens, from the beginning that was asked for. What was before is state and no change: what
/// stands at the beginning is told then, and what was over by then is not.
pub(super) struct ReplayStart {
    /// What is known at the time that was reached: the recording is classified by what was known at the beginning.
    classifier: Arc<Classifier>,
    /// When something of that ends.
    expires: Option<Timestamp>,
    /// Something has ended since the beginning.
    is_newer: bool,
    own: OwnPrefixes,
    offenders: Option<OffenderFilter>,
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
        offenders: Option<OffenderFilter>,
        incidents: Incidents,
        from: Option<Timestamp>,
    ) -> Self {
        let before = from.map(|until| Before { until, routes: BTreeMap::new() });
        let (own, expires) = (OwnPrefixes::default(), classifier.next_expiry());
        let (is_newer, now, findings) = (false, None, 0);
        ReplayStart {
            classifier,
            expires,
            is_newer,
            own,
            offenders,
            incidents,
            before,
            now,
            findings,
        }
    }

    /// Takes in what comes next in the order of time.
    pub(super) fn take(&mut self, finding: Finding) {
        let at = finding.at();
        self.reach(at);
        if !self.own.admit(&finding, &self.classifier) {
            return;
        }
        let finding = match &mut self.offenders {
            Some(offenders) => offenders.admit(finding),
            None => Some(finding),
        };
        let Some(finding) = finding else { return };
        self.findings += 1;
        let finding = if self.is_newer { reclassify(&self.classifier, finding) } else { finding };
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
        while let Some(due) = self.expires.filter(|due| *due <= at) {
            self.expire(due);
        }
        if self.before.as_ref().is_none_or(|before| before.until <= at) {
            self.begin();
            self.now = self.now.max(Some(at));
        }
    }

    /// Some of the RPKI data ends. Where all of it does, the recording goes on for longer than the data are of
    /// use, and the last verdicts stand, as in a monitor that gets no newer ones.
    fn expire(&mut self, due: Timestamp) {
        let snapshot = self.classifier.snapshot().unexpired(due);
        if snapshot.vrps.is_empty() {
            self.expires = None;
            return;
        }
        let classifier = Arc::new(self.classifier.with_snapshot(Arc::new(snapshot)));
        (self.classifier, self.expires) = (classifier.clone(), classifier.next_expiry());
        self.is_newer = true;
        match &mut self.before {
            Some(before) => before.judge_again(&classifier),
            None => {
                let judge = |prefix, route: &Arc<Route>, vantage: &Vantage| {
                    classifier.judge(prefix, route, vantage)
                };
                self.incidents.judge_again(due, judge);
            }
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
    fn judge_again(&mut self, classifier: &Classifier) {
        for route in self.routes.values_mut().flat_map(BTreeMap::values_mut) {
            if let Finding::Route(judged) = reclassify(classifier, Finding::Route(route.clone())) {
                *route = judged;
            }
        }
    }

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
            // So is who is there.
            Finding::OffenderActivity { .. } | Finding::SessionUp { .. } => Some(finding),
            Finding::Stale { .. } | Finding::EndOfRib { .. } | Finding::Condition { .. } => None,
        }
    }
}

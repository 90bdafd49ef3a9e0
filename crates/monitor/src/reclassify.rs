use validator::{Classifier, Finding, Held, RouteFinding, RouteState};

/// A finding that was made with other RPKI data or another watch list, as it is by those of now.
pub(crate) fn reclassify(classifier: &Classifier, finding: Finding) -> Finding {
    let Finding::Route(route) = finding else { return finding };
    let RouteFinding { prefix, state, vantage, .. } = &route;
    let judge = |held: &Held| classifier.judge(*prefix, &held.route, vantage);
    let state = match state {
        RouteState::Held(held) => RouteState::Held(judge(held)),
        RouteState::Restored(held) => RouteState::Restored(judge(held)),
        RouteState::Unreadable => RouteState::Unreadable,
        RouteState::Withdrawn => RouteState::Withdrawn,
    };
    Finding::Route(RouteFinding { state, ..route })
}

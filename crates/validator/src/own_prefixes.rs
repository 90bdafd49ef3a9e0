use std::collections::HashSet;

use bgp::Prefix;

use crate::{Classifier, Finding, IncidentKind, RouteFinding, RouteState};

/// How many of them a session remembers. A router of ours that leaks a full table makes a million; a
/// few megabytes show what happened as well.
pub(crate) const REMEMBERED: usize = 65_536;

/// What a session must remember to be classified: the prefixes outside every watch that our own AS
/// announced in it, since that they are withdrawn, or announced by somebody else, matters too.
#[derive(Clone, Debug, Default)]
pub struct OwnPrefixes(HashSet<Prefix>);

impl OwnPrefixes {
    /// Takes note of a finding; false if it is about a prefix outside every watch that our AS has not
    /// announced, or that cannot be remembered: what we could not see end is not raised.
    pub fn admit(&mut self, finding: &Finding, classifier: &Classifier) -> bool {
        let Finding::Route(RouteFinding { prefix, state, .. }) = finding else { return true };
        let is_ours = match state {
            RouteState::Held(held) | RouteState::Restored(held) => match held.matches.as_slice() {
                [] => return self.contains(*prefix),
                matches => {
                    matches.iter().any(|found| found.kind == Some(IncidentKind::OwnAsNewPrefix))
                }
            },
            RouteState::Withdrawn | RouteState::Unreadable => {
                return classifier.matches(*prefix) || self.contains(*prefix);
            }
        };
        !is_ours || self.contains(*prefix) || (self.0.len() < REMEMBERED && self.0.insert(*prefix))
    }

    /// Whether our AS has announced this prefix, outside every watch.
    pub fn contains(&self, prefix: Prefix) -> bool {
        // Nearly always there are none.
        !self.0.is_empty() && self.0.contains(&prefix)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

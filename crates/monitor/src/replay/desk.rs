use std::sync::Arc;

use bgp::{Observation, RouteOrigin};
use parser::{Element, ElementKind};
use validator::{RpkiSnapshot, Sieve, ValidationState, WatchList};

use super::console::Console;
use super::summary::{Summary, Window};

/// Where elements arrive: it counts them, and keeps those that may make a finding.
pub(super) struct Desk<'c> {
    pub(super) sieve: Sieve,
    pub(super) summary: Summary,
    pub(super) console: &'c Console,
    window: Window,
}

impl<'c> Desk<'c> {
    pub(super) fn new(
        watches: Arc<WatchList>,
        snapshot: Arc<RpkiSnapshot>,
        window: Window,
        console: &'c Console,
    ) -> Self {
        let (sieve, summary) = (Sieve::new(watches, snapshot), Summary::default());
        Desk { sieve, summary, console, window }
    }

    /// Counts the element; decodes it only if it may make a finding.
    pub(super) fn take(&mut self, element: &Element<'_>) -> Option<Observation> {
        self.summary.count(element);
        if !self.window.holds(element.at) {
            self.summary.outside += 1;
            return None;
        }
        self.matters(element).then(|| element.observation()).flatten()
    }

    pub(super) fn unreadable(&mut self, name: &str, why: &str) {
        self.summary.unreadable += 1;
        self.say(&format!("{name}: {why}"));
    }

    pub(super) fn say(&self, line: &str) {
        self.console.say(line);
    }

    fn matters(&self, element: &Element<'_>) -> bool {
        match element.kind {
            ElementKind::State { .. } => true,
            // Whether a withdrawal matters depends on what was learned until its turn comes.
            ElementKind::Withdraw { .. } => true,
            ElementKind::Rib { nlri, .. } | ElementKind::Announce { nlri, .. } => {
                self.sieve.wants(nlri.prefix) || {
                    let origin = element.origin();
                    self.is_own(&origin) || {
                        let vrps = &self.sieve.snapshot().vrps;
                        vrps.state(nlri.prefix, &origin) == ValidationState::Invalid
                    }
                }
            }
        }
    }

    fn is_own(&self, origin: &RouteOrigin) -> bool {
        origin.asn().is_some_and(|asn| self.sieve.watches().is_operator(asn))
    }
}

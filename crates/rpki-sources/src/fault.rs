//! What is broken, and since when.

use std::collections::BTreeMap;
use std::time::Duration;

use bgp::Timestamp;

/// Something that does not work as it should: a source, or the local exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong now.
    pub reason: String,
    /// Since when it has not been right.
    pub since: Timestamp,
    /// From when on somebody must be told.
    pub lasting_from: Timestamp,
}

impl Fault {
    /// Whether it has been there for so long that somebody must be told.
    pub fn is_lasting(&self, now: Timestamp) -> bool {
        now >= self.lasting_from
    }
}

/// The faults that are not over, by the name of what is broken.
#[derive(Debug)]
pub(crate) struct Faults {
    lasting_after: Duration,
    open: BTreeMap<String, Fault>,
}

impl Faults {
    /// What is broken for so long is lasting.
    pub(crate) fn new(lasting_after: Duration) -> Self {
        Faults { lasting_after, open: BTreeMap::new() }
    }

    /// What is wrong with this now; the fault, with its beginning.
    pub(crate) fn observe(
        &mut self,
        now: Timestamp,
        name: &str,
        reason: Option<&str>,
    ) -> Option<Fault> {
        let Some(reason) = reason else {
            self.open.remove(name);
            return None;
        };
        let lasting_from = now + self.lasting_after;
        let began = || Fault { reason: reason.to_owned(), since: now, lasting_from };
        let fault = self.open.entry(name.to_owned()).or_insert_with(began);
        if fault.reason != reason {
            reason.clone_into(&mut fault.reason);
        }
        Some(fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_keeps_its_beginning_while_its_reason_changes_and_ends_at_once() {
        let at = Timestamp::from_seconds;
        let mut faults = Faults::new(Duration::from_mins(10));
        let mut observe = |now, reason| faults.observe(at(now), "a", reason);
        let fault = |reason: &str, since| {
            let (reason, lasting_from) = (reason.to_owned(), at(since + 600));
            Some(Fault { reason, since: at(since), lasting_from })
        };
        assert_eq!(observe(0, Some("gone")), fault("gone", 0));
        assert_eq!(observe(599, Some("cut off")), fault("cut off", 0));
        assert!(!observe(599, Some("gone")).unwrap().is_lasting(at(599)));
        assert!(observe(600, Some("gone")).unwrap().is_lasting(at(600)));
        assert_eq!(observe(601, None), None);
        assert_eq!(observe(700, Some("gone")), fault("gone", 700));
    }
}

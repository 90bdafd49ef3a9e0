use std::collections::{BTreeMap, BTreeSet};

use bgp::Timestamp;

/// When time alone changes something: at most one entry each.
#[derive(Debug)]
pub struct Agenda<K> {
    by_story: BTreeMap<K, Timestamp>,
    by_time: BTreeSet<(Timestamp, K)>,
}

impl<K> Default for Agenda<K> {
    fn default() -> Self {
        Agenda { by_story: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Agenda<K> {
    /// Puts the entry of a story at `due`, or takes it off.
    pub fn set(&mut self, story: &K, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => self.by_story.insert(story.clone(), due),
            None => self.by_story.remove(story),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, story.clone()));
        }
        if let Some(due) = due {
            self.by_time.insert((due, story.clone()));
        }
    }

    /// Takes the earliest entry that is due at `now`; of equal ones the first story, so that the
    /// order of notices is the same each time.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, K)> {
        self.next().filter(|due| *due <= now)?;
        let (due, story) = self.by_time.pop_first()?;
        self.by_story.remove(&story);
        Some((due, story))
    }

    /// When the earliest entry is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }
}

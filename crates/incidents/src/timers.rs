use std::collections::{BTreeMap, BTreeSet};

use bgp::Timestamp;

/// When time alone changes something: at most one entry each.
#[derive(Debug)]
pub struct Timers<K> {
    by_key: BTreeMap<K, Timestamp>,
    by_time: BTreeSet<(Timestamp, K)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Timers { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Puts the entry of a key at `due`, or takes it off.
    pub fn set(&mut self, key: &K, due: Option<Timestamp>) {
        let before = match due {
            Some(due) => self.by_key.insert(key.clone(), due),
            None => self.by_key.remove(key),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, key.clone()));
        }
        if let Some(due) = due {
            self.by_time.insert((due, key.clone()));
        }
    }

    /// Takes the earliest entry that is due at `now`; of equal ones the first key, so that the
    /// order of notices is the same each time.
    pub fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, K)> {
        self.next().filter(|due| *due <= now)?;
        let (due, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some((due, key))
    }

    /// When the earliest entry is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(due, _)| *due)
    }
}

//! The groups file: contacts by report module, then by group.

use std::collections::BTreeMap;

use crate::import::notes::Table;
use crate::import::yaml::Entry;

/// The group of whoever is in no other.
pub(super) const DEFAULT: &str = "default";

/// Contacts by group.
pub(super) type Contacts = BTreeMap<String, Vec<String>>;

/// Contacts by report module.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Contacts>);

impl Groups {
    pub(super) fn read(&mut self, root: &Table<'_>) {
        for (entry, table) in root.each() {
            match table {
                Some(table) => {
                    self.0.entry(entry.key.clone()).or_default().append(&mut contacts(&table))
                }
                None => root.lost_entry(entry, "is no table of groups"),
            }
        }
    }

    /// Those of one module.
    pub(super) fn of(&self, module: &str) -> Option<&Contacts> {
        self.0.get(module)
    }
}

/// The contacts of a table of groups.
pub(super) fn contacts(table: &Table<'_>) -> Contacts {
    let texts = |entry: &Entry| table.texts(&entry.key).into_iter().map(str::to_owned).collect();
    table.each().into_iter().map(|(entry, _)| (entry.key.clone(), texts(entry))).collect()
}

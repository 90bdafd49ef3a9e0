use alerter::dispatch::Command;
use bgp::Timestamp;
use rusqlite::{Connection, params};
use validator::Finding;

use crate::error::StoreError;

/// One thing that engine and dispatcher took in.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) now: Timestamp,
    pub(crate) event: Event,
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Finding(Box<Finding>),
    Command(Command),
    /// Only time went on.
    Time,
}

/// What was taken in since the checkpoint, the oldest first.
pub(crate) fn read_entries(connection: &Connection) -> Result<Vec<Entry>, StoreError> {
    let mut statement =
        connection.prepare("SELECT now, finding, wanted FROM journal ORDER BY number")?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let event = match (row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?) {
            (Some(finding), _) => Event::Finding(serde_json::from_str(&finding)?),
            (None, Some(command)) => Event::Command(serde_json::from_str(&command)?),
            (None, None) => Event::Time,
        };
        entries.push(Entry { now: Timestamp::from_micros(row.get(0)?), event });
    }
    Ok(entries)
}

pub(crate) fn write_entries(transaction: &Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let mut journal = transaction
        .prepare_cached("INSERT INTO journal (now, finding, wanted) VALUES (?, ?, ?)")?;
    for entry in entries {
        let (finding, command) = match &entry.event {
            Event::Finding(finding) => (Some(serde_json::to_string(finding)?), None),
            Event::Command(command) => (None, Some(serde_json::to_string(command)?)),
            Event::Time => (None, None),
        };
        journal.execute(params![entry.now.micros(), finding, command])?;
    }
    Ok(())
}

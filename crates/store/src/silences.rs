use alerter::{Silence, Window};
use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// What people have told the dispatcher to hold back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silences {
    /// What is muted, and until when.
    #[serde(rename = "mutes")]
    pub silences: Vec<Silence>,
    /// Maintenance windows, open or to come, each with its source: empty of those that were added by
    /// a command.
    pub windows: Vec<(String, Window)>,
}

/// Those that hold at `now` or later.
pub(crate) fn read_silences(
    connection: &Connection,
    now: Timestamp,
) -> Result<Silences, StoreError> {
    let board = "SELECT board FROM board";
    let board: Option<String> = connection.query_row(board, [], |row| row.get(0)).optional()?;
    let mut silences: Silences = match board {
        Some(json) => serde_json::from_str(&json)?,
        None => Silences::default(),
    };
    silences.silences.retain(|silence| silence.until > now);
    silences.windows.retain(|(_, window)| window.until > now);
    Ok(silences)
}

pub(crate) fn write_silences(
    transaction: &Connection,
    silences: &Silences,
) -> Result<(), StoreError> {
    let write = "INSERT INTO board VALUES (1, ?1) ON CONFLICT DO UPDATE SET board = ?1";
    transaction.execute(write, [serde_json::to_string(silences)?])?;
    Ok(())
}

use alerter::{AnnotatedIncident, AnnotatedNotice};
use rusqlite::{Connection, params};

use crate::error::StoreError;

pub(crate) fn write_incidents(
    transaction: &Connection,
    summaries: &[AnnotatedIncident],
) -> Result<(), StoreError> {
    let mut incident = transaction.prepare_cached(
        "INSERT INTO incident VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET state = ?2, first_seen = ?3, last_seen = ?4, summary = ?5",
    )?;
    for summary in summaries {
        incident.execute(params![
            summary.incident.as_str(),
            summary.state.name(),
            summary.first_seen.micros(),
            summary.last_seen.micros(),
            serde_json::to_string(summary)?,
        ])?;
    }
    Ok(())
}

/// A notice that is there already is left as it is: it has been decided before a crash.
pub(crate) fn write_notices(
    transaction: &Connection,
    notices: &[AnnotatedNotice],
) -> Result<(), StoreError> {
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO notice VALUES (?, ?, ?, ?, ?)")?;
    for notice in notices {
        let (at, json) = (notice.at.micros(), serde_json::to_string(notice)?);
        let id = &notice.message_id;
        insert.execute(params![id, notice.incident.as_str(), notice.sequence, at, json])?;
    }
    Ok(())
}

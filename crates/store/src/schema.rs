//! The tables, and how older ones become them.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::error::StoreError;

/// Marks a file as ours ("OWat"): another program's database is refused, not altered.
const APPLICATION_ID: i32 = 0x4f57_6174;

/// One step each from an older schema to the next; `user_version` says how many were taken.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1-engine.sql"),
    include_str!("schema/2-dispatcher.sql"),
    include_str!("schema/3-requests.sql"),
    include_str!("schema/4-doubtful.sql"),
];

/// Whether a file is ours, and of this version: for those who do not own it and so must not migrate
/// it.
pub(crate) fn recognise(connection: &Connection) -> Result<(), StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application != APPLICATION_ID {
        return Err(StoreError::Foreign);
    }
    let (found, known) = (usize::try_from(version).unwrap_or(usize::MAX), MIGRATIONS.len());
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::Older { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::Newer { found, known }),
    }
}

/// Makes the file ready: WAL, so that readers never wait for the writer; FULL, so that what was
/// committed outlives a power cut.
pub(crate) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && (application != 0 || tables > 0) {
        return Err(StoreError::Foreign);
    }
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(pending) = MIGRATIONS.get(version..) else {
        return Err(StoreError::Newer { found: version, known: MIGRATIONS.len() });
    };
    // Else SQLite plans a statement anew for each value that it is run with, a third of what the store costs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Nothing is written where nothing has to be: the disk may be full.
    if pending.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in pending {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    Ok(transaction.commit()?)
}

//! The tables, and how older ones become them.

use rusqlite::Connection;

use crate::StoreError;

/// Annotations a file as ours ("OWat"): another program's database is refused, not altered.
const APPLICATION_ID: i32 = 0x4f57_6174;

/// One step each from an older schema to the next; `user_version` says how many were taken.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE checkpoint (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        engine BLOB NOT NULL           -- the engine's memory, JSON in gzip
    ) STRICT;
    CREATE TABLE journal (             -- what the engine took in since the checkpoint
        number INTEGER PRIMARY KEY,
        now INTEGER NOT NULL,          -- microseconds since 1970
        finding TEXT                   -- JSON; NULL: only time went on
    ) STRICT;
    CREATE TABLE position (            -- how far each feed was read when this was written
        feed TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT;
    CREATE TABLE incident (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        summary TEXT NOT NULL          -- JSON
    ) STRICT;
    CREATE TABLE notice (
        message_id TEXT PRIMARY KEY,
        incident TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        at INTEGER NOT NULL,
        notice TEXT NOT NULL           -- JSON, as in webhook and API
    ) STRICT;
    CREATE TABLE outbox (
        number INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL REFERENCES notice (message_id),
        channel TEXT NOT NULL,
        address TEXT NOT NULL,
        created INTEGER NOT NULL,
        next_attempt INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'dead')),
        last_error TEXT,
        UNIQUE (message_id, channel, address)
    ) STRICT;
    CREATE INDEX outbox_due ON outbox (next_attempt) WHERE state = 'waiting';
", "
    ALTER TABLE checkpoint ADD COLUMN desk BLOB;    -- the desk's memory, JSON; NULL: it knows nothing
    ALTER TABLE journal ADD COLUMN wanted TEXT;     -- an order, JSON; then there is no finding
    CREATE TABLE letter (              -- what the desk let out
        number INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL,      -- not unique: the same notice may reach others later
        at INTEGER NOT NULL,
        content TEXT NOT NULL          -- JSON
    ) STRICT;
    INSERT INTO letter (message_id, at, content)
        SELECT message_id, at, notice FROM notice ORDER BY at, incident, sequence;
    ALTER TABLE outbox RENAME TO outbox_1;
    DROP INDEX outbox_due;
    CREATE TABLE outbox (
        number INTEGER PRIMARY KEY,
        letter INTEGER NOT NULL REFERENCES letter (number),
        message_id TEXT NOT NULL,
        thread TEXT NOT NULL,          -- the Message-ID of its first letter
        urgent INTEGER NOT NULL,
        channel TEXT NOT NULL,
        address TEXT NOT NULL,
        created INTEGER NOT NULL,
        next_attempt INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'dead')),
        head INTEGER NOT NULL DEFAULT 0,    -- 1: waiting, and the first of its thread and receiver
        last_error TEXT,
        UNIQUE (message_id, channel, address)
    ) STRICT;
    INSERT INTO outbox
        SELECT o.number, l.number, o.message_id, '<' || n.incident || '.0@originwatch>',
            n.notice ->> '$.severity' = 'critical' AND n.notice ->> '$.reason' <> 'resolved',
            o.channel, o.address, o.created, o.next_attempt, o.attempts, o.state, 0, o.last_error
        FROM outbox_1 o JOIN notice n USING (message_id) JOIN letter l USING (message_id);
    DROP TABLE outbox_1;
    UPDATE outbox SET head = 1 WHERE number IN (
        SELECT min(number) FROM outbox WHERE state = 'waiting' GROUP BY channel, address, thread);
    CREATE INDEX outbox_due ON outbox (channel, urgent, next_attempt, number) WHERE head = 1;
    CREATE INDEX outbox_line ON outbox (channel, address, thread, number) WHERE state = 'waiting';
    CREATE INDEX outbox_dead ON outbox (number) WHERE state = 'dead';
", "
    CREATE TABLE request (             -- what others ask of the owner of the store
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        request TEXT NOT NULL,         -- JSON
        answer TEXT                    -- JSON; NULL: not done yet
    ) STRICT;
    CREATE INDEX request_open ON request (number) WHERE answer IS NULL;
    CREATE TABLE board (               -- silences and maintenance windows, for others to see
        id INTEGER PRIMARY KEY CHECK (id = 1),
        board TEXT NOT NULL            -- JSON
    ) STRICT;
"];

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
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let transaction = connection.transaction()?;
    for step in pending {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    Ok(transaction.commit()?)
}

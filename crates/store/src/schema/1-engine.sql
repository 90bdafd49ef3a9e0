-- Stores were made with this: what has to change changes in a step after it.
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

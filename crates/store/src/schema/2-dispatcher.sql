ALTER TABLE checkpoint ADD COLUMN desk BLOB;    -- the dispatcher's memory, JSON; NULL: it knows nothing
ALTER TABLE journal ADD COLUMN wanted TEXT;     -- an order, JSON; then there is no finding
CREATE TABLE letter (              -- the notifications
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
    thread TEXT NOT NULL,          -- the Message-ID of its first notification
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

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

-- What Wirelab remembers. An applied migration is never edited (its checksum is verified): add another one.

-- Marks the file as Wirelab's ("WIRL"), for `file` and for people.
PRAGMA application_id = 1464422988;

-- A call, apart from its messages: what lists, filters and charts read.
CREATE TABLE call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,       -- never given twice
    session TEXT NOT NULL,                      -- the process that runs it
    method TEXT NOT NULL,
    kind INTEGER NOT NULL,                      -- 0 unary, 1 server, 2 client, 3 both stream
    address TEXT NOT NULL,
    started_unix_ms INTEGER NOT NULL,
    state INTEGER NOT NULL,                     -- 0 running, 1 finished, 2 interrupted
    status INTEGER,                             -- gRPC status code
    total_ns INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    received INTEGER NOT NULL,
    sent_bytes INTEGER NOT NULL,
    received_bytes INTEGER NOT NULL,
    sent_json_bytes INTEGER,
    received_json_bytes INTEGER,
    wire_sent INTEGER,
    wire_received INTEGER,
    text TEXT NOT NULL DEFAULT ''               -- the beginning of the first request
);
CREATE INDEX call_by_time ON call (started_unix_ms, id);
CREATE INDEX call_by_method ON call (method, started_unix_ms, id);
CREATE INDEX call_running ON call (session) WHERE state = 0;

-- The rest of a call's record (specification, metadata, status, timings) as JSON.
CREATE TABLE call_detail (
    call INTEGER PRIMARY KEY REFERENCES call (id) ON DELETE CASCADE,
    record TEXT NOT NULL
);

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    call INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    idx INTEGER NOT NULL,                       -- place in the call, both directions, from 0
    direction INTEGER NOT NULL,                 -- 0 sent, 1 received
    at_ns INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    json_bytes INTEGER,
    text TEXT NOT NULL,
    wire BLOB NOT NULL,
    UNIQUE (call, idx)
);

-- Texts that a search looks in, folded to lower case, several to a call. The index only tells which of them have
-- all trigrams of a word (without places in the text it is six times faster to write); the text then decides.
CREATE TABLE search_text (
    id INTEGER PRIMARY KEY,
    call INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
    text TEXT NOT NULL
);
CREATE INDEX search_text_by_call ON search_text (call);
CREATE VIRTUAL TABLE search USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
CREATE TRIGGER search_text_added AFTER INSERT ON search_text BEGIN
    INSERT INTO search (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER search_text_deleted AFTER DELETE ON search_text BEGIN
    DELETE FROM search WHERE rowid = old.id;
END;

CREATE TABLE saved (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,                      -- SavedRequest as JSON
    updated_unix_ms INTEGER NOT NULL
);

CREATE TABLE bench (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    running INTEGER NOT NULL,
    summary TEXT NOT NULL,                      -- BenchRow as JSON
    report TEXT NOT NULL                        -- BenchReport as JSON
);
CREATE INDEX bench_running ON bench (session) WHERE running = 1;

CREATE TABLE source (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL                          -- SourceSpec as JSON
);

-- Times are microseconds since 1970 UTC. Ids of messages are 16 bytes when we made them, else text.

CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('epoch', 0), ('ping', 0);

CREATE TABLE account (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE);

CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    address TEXT,
    country TEXT,
    config TEXT NOT NULL,
    UNIQUE (account, name)
);

-- The code of services, named by its content.
CREATE TABLE bundle (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, main TEXT NOT NULL);
CREATE TABLE bundle_file (
    bundle INTEGER NOT NULL REFERENCES bundle (id),
    path TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (bundle, path)
);

CREATE TABLE service (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    config TEXT NOT NULL,
    http_allow TEXT,
    bundle INTEGER NOT NULL REFERENCES bundle (id),
    UNIQUE (account, name)
);

CREATE TABLE route (
    account INTEGER NOT NULL REFERENCES account (id),
    position INTEGER NOT NULL,
    channel INTEGER NOT NULL REFERENCES channel (id),
    address TEXT,
    keyword TEXT,
    service INTEGER NOT NULL REFERENCES service (id),
    PRIMARY KEY (account, position)
) WITHOUT ROWID;

-- `root` is the inbound message a message came from (itself for an inbound one is NULL): traces hang on the root.
CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES account (id),
    channel INTEGER REFERENCES channel (id),
    service INTEGER REFERENCES service (id),
    direction INTEGER NOT NULL,
    status INTEGER NOT NULL,
    address TEXT NOT NULL,
    our_address TEXT,
    content TEXT,
    session_key TEXT,
    session_event TEXT,
    in_reply_to BLOB,
    root INTEGER,
    provider_id TEXT,
    created_at INTEGER NOT NULL,
    answer_by INTEGER,
    session_ended INTEGER,
    encoding INTEGER,
    segments INTEGER,
    reason TEXT,
    metadata TEXT
);
CREATE INDEX message_person ON message (account, address, seq);
-- A provider's id names one inbound message of a channel; outbound ones may share one.
CREATE UNIQUE INDEX message_received_as ON message (channel, provider_id)
    WHERE provider_id IS NOT NULL AND direction = 0;
CREATE INDEX message_sent_as ON message (channel, provider_id)
    WHERE provider_id IS NOT NULL AND direction = 1;

-- What became of outbound messages; only ever appended to.
CREATE TABLE message_event (
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (message, part)
) WITHOUT ROWID;

-- One row per commit, its lines packed.
CREATE TABLE trace (
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (message, part)
) WITHOUT ROWID;

CREATE TABLE session (
    id INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL REFERENCES channel (id),
    key TEXT NOT NULL,
    address TEXT NOT NULL,
    service INTEGER REFERENCES service (id),
    is_open INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (channel, key)
);
CREATE INDEX session_person ON session (channel, address, started_at);
-- By beginning, which a turn does not change; what is open is never many.
CREATE INDEX session_open ON session (started_at) WHERE is_open = 1;

CREATE TABLE kv (
    service INTEGER NOT NULL REFERENCES service (id),
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (service, key)
) WITHOUT ROWID;
CREATE INDEX kv_expiry ON kv (expires_at) WHERE expires_at IS NOT NULL;
-- Counted as keys come and go, since counting them would cost more with every key.
CREATE TABLE kv_count (service INTEGER PRIMARY KEY REFERENCES service (id), keys INTEGER NOT NULL);

-- One row a minute: `value` is the sum for `sum` and `avg`, else what the aggregate says.
CREATE TABLE metric (
    service INTEGER NOT NULL REFERENCES service (id),
    minute INTEGER NOT NULL,
    store TEXT NOT NULL,
    name TEXT NOT NULL,
    agg TEXT NOT NULL,
    value REAL NOT NULL,
    samples INTEGER NOT NULL,
    PRIMARY KEY (service, minute, store, name, agg)
) WITHOUT ROWID;

CREATE TABLE service_log (
    service INTEGER NOT NULL REFERENCES service (id),
    part INTEGER NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (service, part)
) WITHOUT ROWID;

-- Work that waits or is under way: `lease` is the epoch of the process that has it, 0 when it is free;
-- `attempt_at` is set from before bytes leave until their outcome is stored.
CREATE TABLE queue (
    message INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempt_at INTEGER
);
CREATE INDEX queue_free ON queue (kind, channel, due_at) WHERE lease = 0;

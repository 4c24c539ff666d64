-- Every table on the path of messages leads its key with the account, and a message is known by its id alone. Times are
-- microseconds since 1970 UTC; ids are 16 bytes.

ALTER TABLE account ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE channel ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';

-- What lets an account's own programs in; only the hash of a token is kept.
CREATE TABLE token (
    hash BLOB PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- The processes that work on this store. What a process had leased is free again when its own lease is over.
CREATE TABLE worker (
    epoch INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    beat_at INTEGER NOT NULL,
    about TEXT NOT NULL
);

ALTER TABLE message RENAME TO old_message;
DROP INDEX message_person;
DROP INDEX message_received_as;
DROP INDEX message_sent_as;

-- `root` is the inbound message a message came from: traces hang on the root, else on the message itself.
CREATE TABLE message (
    account INTEGER NOT NULL,
    id BLOB NOT NULL,
    channel INTEGER,
    service INTEGER,
    direction INTEGER NOT NULL,
    status INTEGER NOT NULL,
    address TEXT NOT NULL,
    our_address TEXT,
    content TEXT,
    session_key TEXT,
    session_event TEXT,
    in_reply_to BLOB,
    root BLOB,
    provider_id TEXT,
    created_at INTEGER NOT NULL,
    answer_by INTEGER,
    expires_at INTEGER,
    priority INTEGER NOT NULL,
    session_ended INTEGER NOT NULL DEFAULT 0,
    possible_duplicate INTEGER NOT NULL DEFAULT 0,
    encoding INTEGER,
    segments INTEGER,
    reason TEXT,
    metadata TEXT,
    PRIMARY KEY (account, id)
) WITHOUT ROWID;
INSERT INTO message (account, id, channel, service, direction, status, address, our_address, content, session_key,
        session_event, in_reply_to, root, provider_id, created_at, answer_by, priority, session_ended, encoding, segments,
        reason, metadata)
    SELECT m.account, m.id, m.channel, m.service, m.direction, m.status, m.address, m.our_address, m.content,
        m.session_key, m.session_event, CASE typeof(m.in_reply_to) WHEN 'blob' THEN m.in_reply_to END, r.id,
        m.provider_id, m.created_at, m.answer_by, 2, ifnull(m.session_ended, 0), m.encoding, m.segments, m.reason,
        m.metadata
    FROM old_message AS m LEFT JOIN old_message AS r ON r.seq = m.root WHERE typeof(m.id) = 'blob';
-- By the day first: new entries come together, however many older ones there are.
CREATE INDEX message_person ON message (account, created_at / 86400000000, address, id);

-- What became of outbound messages; only ever appended to.
ALTER TABLE message_event RENAME TO old_message_event;
CREATE TABLE message_event (
    account INTEGER NOT NULL,
    message BLOB NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (account, message, id)
) WITHOUT ROWID;
INSERT INTO message_event (account, message, id, at, kind, detail)
    SELECT m.account, m.id, e.id, e.at, e.kind, e.detail
    FROM old_message_event AS e JOIN old_message AS m ON m.seq = e.message WHERE typeof(m.id) = 'blob';

-- The parts of a message that is sent in several.
CREATE TABLE part (
    account INTEGER NOT NULL,
    message BLOB NOT NULL,
    number INTEGER NOT NULL,
    status INTEGER NOT NULL,
    provider_id TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, message, number)
) WITHOUT ROWID;

-- One row per commit, its lines packed.
ALTER TABLE trace RENAME TO old_trace;
CREATE TABLE trace (
    account INTEGER NOT NULL,
    message BLOB NOT NULL,
    id BLOB NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (account, message, id)
) WITHOUT ROWID;
INSERT INTO trace (account, message, id, lines)
    SELECT m.account, m.id, unhex(substr(hex(m.id), 1, 24) || printf('%08X', t.part)), t.lines
    FROM old_trace AS t JOIN old_message AS m ON m.seq = t.message WHERE typeof(m.id) = 'blob';

-- Which message a carrier's id means, and receipts that came before their message's id was known.
CREATE TABLE carrier_id (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    key TEXT NOT NULL,
    message BLOB NOT NULL,
    part INTEGER NOT NULL,
    PRIMARY KEY (account, day, channel, key, message, part)
) WITHOUT ROWID;
INSERT INTO carrier_id (account, day, channel, key, message, part)
    SELECT account, created_at / 86400000000, channel, provider_id, id, 1
    FROM old_message WHERE direction = 1 AND provider_id IS NOT NULL AND typeof(id) = 'blob';
CREATE TABLE orphan_receipt (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    key TEXT NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (account, day, channel, key, id)
) WITHOUT ROWID;

-- What came in lately, so that it is taken once.
CREATE TABLE inbox (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    key TEXT NOT NULL,
    message BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, day, channel, key)
) WITHOUT ROWID;
INSERT INTO inbox (account, day, channel, key, message, at)
    SELECT account, created_at / 86400000000, channel, provider_id, id, created_at
    FROM old_message WHERE direction = 0 AND provider_id IS NOT NULL AND typeof(id) = 'blob';

-- What clients asked lately under a key of their own, so that it is done once.
CREATE TABLE idempotency (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    key TEXT NOT NULL,
    request BLOB NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (account, day, key)
) WITHOUT ROWID;

-- Parts of long messages that came in and wait for the others.
CREATE TABLE held_part (
    account INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    reference INTEGER NOT NULL,
    total INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, channel, sender, receiver, reference, total, number)
) WITHOUT ROWID;

-- Who does not want messages of an account.
CREATE TABLE opt_out (
    account INTEGER NOT NULL,
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    message BLOB,
    PRIMARY KEY (account, address)
) WITHOUT ROWID;

ALTER TABLE session RENAME TO old_session;
DROP INDEX session_person;
DROP INDEX session_open;
CREATE TABLE session (
    account INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    key TEXT NOT NULL,
    address TEXT NOT NULL,
    service INTEGER,
    is_open INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account, channel, key)
) WITHOUT ROWID;
INSERT INTO session (account, channel, key, address, service, is_open, started_at, last_at, expires_at)
    SELECT c.account, s.channel, s.key, s.address, s.service, s.is_open, s.started_at, s.last_at, s.expires_at
    FROM old_session AS s JOIN channel AS c ON c.id = s.channel;
CREATE INDEX session_person ON session (account, channel, address, started_at);
-- By beginning, which a turn does not change; what is open is never many.
CREATE INDEX session_open ON session (account, started_at) WHERE is_open = 1;

ALTER TABLE kv RENAME TO old_kv;
DROP INDEX kv_expiry;
CREATE TABLE kv (
    account INTEGER NOT NULL,
    service INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (account, service, key)
) WITHOUT ROWID;
INSERT INTO kv (account, service, key, value, expires_at)
    SELECT v.account, k.service, k.key, k.value, k.expires_at FROM old_kv AS k JOIN service AS v ON v.id = k.service;
CREATE INDEX kv_expiry ON kv (account, expires_at) WHERE expires_at IS NOT NULL;
-- Counted as keys come and go, since counting them would cost more with every key.
ALTER TABLE kv_count RENAME TO old_kv_count;
CREATE TABLE kv_count (
    account INTEGER NOT NULL,
    service INTEGER NOT NULL,
    keys INTEGER NOT NULL,
    PRIMARY KEY (account, service)
) WITHOUT ROWID;
INSERT INTO kv_count (account, service, keys)
    SELECT v.account, k.service, k.keys FROM old_kv_count AS k JOIN service AS v ON v.id = k.service;

-- One row a minute: `value` is the sum for `sum` and `avg`, else what the aggregate says.
ALTER TABLE metric RENAME TO old_metric;
CREATE TABLE metric (
    account INTEGER NOT NULL,
    service INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    store TEXT NOT NULL,
    name TEXT NOT NULL,
    agg TEXT NOT NULL,
    value REAL NOT NULL,
    samples INTEGER NOT NULL,
    PRIMARY KEY (account, service, minute, store, name, agg)
) WITHOUT ROWID;
INSERT INTO metric (account, service, minute, store, name, agg, value, samples)
    SELECT v.account, m.service, m.minute, m.store, m.name, m.agg, m.value, m.samples
    FROM old_metric AS m JOIN service AS v ON v.id = m.service;

ALTER TABLE service_log RENAME TO old_service_log;
CREATE TABLE service_log (
    account INTEGER NOT NULL,
    service INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (account, service, id)
) WITHOUT ROWID;
INSERT INTO service_log (account, service, id, at, level, message)
    SELECT v.account, l.service, unhex(printf('%024X%08X', 0, l.part)), l.at, l.level, l.message
    FROM old_service_log AS l JOIN service AS v ON v.id = l.service;

-- Work that waits or is under way. `lease` is the epoch of the process that has it, 0 when it is free; `attempt_at` is
-- set from before bytes leave until their outcome is stored; `published` is when a broker got its ticket; `may_repeat` says
-- that an earlier attempt may have sent it; `hops` counts the channels it was passed on by; `about` is the message
-- an event is about.
CREATE TABLE work (
    account INTEGER NOT NULL,
    item BLOB NOT NULL,
    kind INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    lease INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    attempt_at INTEGER,
    published INTEGER NOT NULL DEFAULT 0,
    may_repeat INTEGER NOT NULL DEFAULT 0,
    hops INTEGER NOT NULL DEFAULT 0,
    about BLOB,
    PRIMARY KEY (account, item, kind)
) WITHOUT ROWID;
INSERT INTO work (account, item, kind, channel, priority, due_at, lease, attempts, attempt_at)
    SELECT m.account, m.id, q.kind, q.channel, 2, q.due_at, q.lease, q.attempts, q.attempt_at
    FROM queue AS q JOIN old_message AS m ON m.seq = q.message WHERE typeof(m.id) = 'blob';
CREATE INDEX work_ready ON work (kind, channel, priority, due_at, item) WHERE lease = 0 AND published = 0;
CREATE INDEX work_leased ON work (lease) WHERE lease <> 0;
CREATE INDEX work_published ON work (kind, channel, published) WHERE lease = 0 AND published <> 0;

-- What was given up, with the reason; a person may have it tried again.
CREATE TABLE dead_letter (
    account INTEGER NOT NULL,
    item BLOB NOT NULL,
    kind INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    about BLOB,
    PRIMARY KEY (account, item, kind)
) WITHOUT ROWID;

DROP TABLE queue;
DROP TABLE old_trace;
DROP TABLE old_message_event;
DROP TABLE old_message;
DROP TABLE old_session;
DROP TABLE old_kv;
DROP TABLE old_kv_count;
DROP TABLE old_metric;
DROP TABLE old_service_log;

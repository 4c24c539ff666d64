-- The versions of services, and what their steps did.

-- The code a service had, in order; a version never changes.
CREATE TABLE service_version (
    account INTEGER NOT NULL,
    service INTEGER NOT NULL,
    version INTEGER NOT NULL,
    bundle INTEGER NOT NULL,
    at INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY (account, service, version)
) WITHOUT ROWID;
ALTER TABLE service ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
INSERT INTO service_version (account, service, version, bundle, at) SELECT account, id, 1, bundle, 0 FROM service;

-- The version a session began with; nothing where it begins with the present one.
ALTER TABLE session ADD COLUMN version INTEGER;

-- Each step, enough to run it again: `message` is the one it was about, `body` is a deflated JSON text.
CREATE TABLE step_record (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    message BLOB NOT NULL,
    id BLOB NOT NULL,
    service INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (account, day, message, id)
);

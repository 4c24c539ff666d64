-- The versions of services, and what their steps did.

-- The code a service had, in order; a version never changes.
CREATE TABLE service_version (
    account BIGINT NOT NULL,
    service BIGINT NOT NULL,
    version BIGINT NOT NULL,
    bundle BIGINT NOT NULL,
    at BIGINT NOT NULL,
    note TEXT,
    PRIMARY KEY (account, service, version)
);
ALTER TABLE service ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
INSERT INTO service_version (account, service, version, bundle, at) SELECT account, id, 1, bundle, 0 FROM service;

-- The version a session began with; nothing where it begins with the present one.
ALTER TABLE session ADD COLUMN version BIGINT;

-- Each step, enough to run it again: `message` is the one it was about, `body` is a deflated JSON text.
CREATE TABLE step_record (
    account BIGINT NOT NULL,
    day BIGINT NOT NULL,
    message UUID NOT NULL,
    id UUID NOT NULL,
    service BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (account, day, message, id)
) PARTITION BY RANGE (day);

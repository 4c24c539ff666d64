-- People whose messages on a channel go to another service, `service`, until a moment; then to `by_service` again.
CREATE TABLE hand_over (
    account INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    address TEXT NOT NULL,
    service INTEGER NOT NULL,
    by_service INTEGER NOT NULL,
    reason TEXT,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (account, channel, address)
) WITHOUT ROWID;
CREATE INDEX hand_over_until ON hand_over (until);

-- When a message goes out that a service has sent for later.
ALTER TABLE message ADD COLUMN due_at INTEGER;

-- The keys that a service may set in the helper metadata of its messages, as a JSON list.
ALTER TABLE service ADD COLUMN helper_metadata TEXT;

-- People whose messages on a channel go to another service, `service`, until a moment; then to `by_service` again.
CREATE TABLE hand_over (
    account BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    address TEXT NOT NULL,
    service BIGINT NOT NULL,
    by_service BIGINT NOT NULL,
    reason TEXT,
    at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (account, channel, address)
);
CREATE INDEX hand_over_until ON hand_over (until);

-- When a message goes out that a service has sent for later.
ALTER TABLE message ADD COLUMN due_at BIGINT;

-- The keys that a service may set in the helper metadata of its messages, as a JSON list.
ALTER TABLE service ADD COLUMN helper_metadata TEXT;

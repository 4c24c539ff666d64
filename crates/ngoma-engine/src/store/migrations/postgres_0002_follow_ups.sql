-- Whether a service is told what became of its messages.
ALTER TABLE service ADD COLUMN wants_events BIGINT NOT NULL DEFAULT 0;

-- What follows a message or an event is work too: `channel` names the line it stands in, which is a service for events
-- and the account for calls of web hooks; `since` is when it was first due.
ALTER TABLE work ADD COLUMN since BIGINT;
CREATE INDEX work_about ON work (account, about, item) WHERE about IS NOT NULL;

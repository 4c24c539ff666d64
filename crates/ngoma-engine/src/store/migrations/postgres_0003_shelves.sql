-- A person's messages are found shelf by shelf: a number of messages that were stored one after the other.
DROP INDEX message_person;
ALTER TABLE message ADD COLUMN shelf BIGINT NOT NULL DEFAULT 0;
UPDATE message SET shelf = created_at / 86400000000 * 86400000000;
CREATE INDEX message_person ON message (account, shelf, address, id);

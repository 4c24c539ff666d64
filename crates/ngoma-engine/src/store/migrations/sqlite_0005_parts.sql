-- Long texts of which parts came in: `at` is when the first came, or when the text was handed on as `message`; `bytes`
-- is the length of what is held. Whoever places a part changes this row first, so that two never do at once.
CREATE TABLE held_text (
    account INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    reference INTEGER NOT NULL,
    total INTEGER NOT NULL,
    at INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0,
    message BLOB,
    metadata TEXT,
    PRIMARY KEY (account, channel, sender, receiver, reference, total)
) WITHOUT ROWID;
CREATE INDEX held_text_waiting ON held_text (at) WHERE message IS NULL;
CREATE INDEX held_text_over ON held_text (at) WHERE message IS NOT NULL;

-- An id that means a message whole has the part 0.
UPDATE carrier_id SET part = 0;

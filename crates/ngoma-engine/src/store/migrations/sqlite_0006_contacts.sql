-- People an account keeps, and the groups they are in. `data` is JSON in the form services are shown.
CREATE TABLE contact (
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

-- Several people may have one address: whoever was added last is meant.
CREATE TABLE contact_address (
    account INTEGER NOT NULL,
    field TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    contact TEXT NOT NULL,
    PRIMARY KEY (account, field, address, created_at, contact)
) WITHOUT ROWID;

-- The words of each field, which searches go by; a long word is cut.
CREATE TABLE contact_term (
    account INTEGER NOT NULL,
    field TEXT NOT NULL,
    term TEXT NOT NULL,
    contact TEXT NOT NULL,
    PRIMARY KEY (account, field, term, contact)
) WITHOUT ROWID;

CREATE TABLE contact_group (
    account INTEGER NOT NULL,
    key TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, key)
) WITHOUT ROWID;

-- `salt` goes into the keys that contacts are given, and never changes.
CREATE TABLE contact_count (
    account INTEGER NOT NULL PRIMARY KEY,
    contacts INTEGER NOT NULL,
    contact_groups INTEGER NOT NULL,
    salt BLOB
) WITHOUT ROWID;

-- People an account keeps, and the groups they are in. `data` is JSON in the form services are shown. Words are compared
-- byte by byte, as SQLite does, whatever the database's language.
CREATE TABLE contact (
    account BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, key)
);

-- Several people may have one address: whoever was added last is meant.
CREATE TABLE contact_address (
    account BIGINT NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    contact TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, field, address, created_at, contact)
);

-- The words of each field, which searches go by; a long word is cut.
CREATE TABLE contact_term (
    account BIGINT NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    term TEXT COLLATE "C" NOT NULL,
    contact TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, field, term, contact)
);

CREATE TABLE contact_group (
    account BIGINT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, key)
);

-- `salt` goes into the keys that contacts are given, and never changes.
CREATE TABLE contact_count (
    account BIGINT NOT NULL PRIMARY KEY,
    contacts BIGINT NOT NULL,
    contact_groups BIGINT NOT NULL,
    salt BYTEA
);

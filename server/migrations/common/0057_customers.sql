-- Customers, their numbers, and what was merged and erased.

CREATE TABLE customers (
    id          TEXT PRIMARY KEY NOT NULL,
    -- One more with each change.
    version     BIGINT NOT NULL,
    -- domain::records::Values as JSON, the name and the numbers among them.
    record      TEXT NOT NULL,
    -- The name once more, for lists of other things.
    name        TEXT NOT NULL DEFAULT '',
    created_at  BIGINT NOT NULL,
    -- Empty for an import and the server itself.
    created_by  TEXT,
    updated_at  BIGINT NOT NULL,
    updated_by  TEXT,
    -- What this one became in a merge; one that has it is found under that id only.
    merged_into TEXT REFERENCES customers (id)
);
CREATE INDEX customers_by_change ON customers (updated_at, id);
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;

-- The numbers of the record, to be found by.
CREATE TABLE customer_phones (
    customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    -- Their order in the record, from 0.
    position    BIGINT NOT NULL,
    -- E.164
    number      TEXT NOT NULL,
    PRIMARY KEY (customer_id, position)
);
CREATE INDEX customer_phones_by_number ON customer_phones (number);

CREATE TABLE customer_merges (
    id        TEXT PRIMARY KEY NOT NULL,
    keep_id   TEXT NOT NULL,
    absorb_id TEXT NOT NULL,
    at        BIGINT NOT NULL,
    by_user   TEXT,
    -- JSON: both records before, what they became, and the calls and inquiries that changed hands.
    snapshot  TEXT NOT NULL,
    undone_at BIGINT
);
CREATE INDEX customer_merges_by_keep ON customer_merges (keep_id);
CREATE INDEX customer_merges_by_absorb ON customer_merges (absorb_id);

-- The certificates: how much was erased, never what.
CREATE TABLE erasures (
    id          TEXT PRIMARY KEY NOT NULL,
    customer_id TEXT NOT NULL UNIQUE,
    at          BIGINT NOT NULL,
    by_user     TEXT,
    -- JSON: the counts.
    counts      TEXT NOT NULL
);

-- Whose call it was.
ALTER TABLE interactions ADD COLUMN customer_id TEXT;
-- Somebody said whose, or that it was nobody's: no look-up changes it any more.
ALTER TABLE interactions ADD COLUMN customer_settled BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX interactions_of_customer ON interactions (customer_id, started_at);

-- The fields of customers and inquiries as the administrator defines them, and the word of when they may be changed.

CREATE TABLE record_fields (
    id       TEXT PRIMARY KEY NOT NULL,
    -- 'customer', 'inquiry'
    owner    TEXT NOT NULL,
    position BIGINT NOT NULL,
    -- domain::records::Field as JSON.
    field    TEXT NOT NULL,
    -- domain::records::Choice, as a list: what it once offered and, being of another kind now, does not name any more.
    former   TEXT NOT NULL DEFAULT '[]'
);

-- Whoever changes fields takes this row first: two changes come one after the other on both databases.
CREATE TABLE record_fields_turn (
    id BIGINT PRIMARY KEY NOT NULL,
    n  BIGINT NOT NULL
);
INSERT INTO record_fields_turn (id, n) VALUES (1, 0);

-- Files of records brought in, row by row, and the columns that people chose for their lists.

CREATE TABLE imports (
    id         TEXT PRIMARY KEY NOT NULL,
    -- As the file was called.
    name       TEXT NOT NULL,
    begun_at   BIGINT NOT NULL,
    begun_by   TEXT REFERENCES users (id) ON DELETE SET NULL,
    -- 'arriving' until all of its rows are here; then wire::record_files::ImportState
    state      TEXT NOT NULL,
    encoding   TEXT NOT NULL,
    -- JSON: the titles of the columns, the first rows (until it is done), and what each column goes to.
    header     TEXT NOT NULL,
    sample     TEXT NOT NULL,
    mapping    TEXT NOT NULL,
    -- wire::record_files::Duplicates
    duplicates TEXT NOT NULL DEFAULT 'ask',
    total      BIGINT NOT NULL,
    done       BIGINT NOT NULL DEFAULT 0,
    created    BIGINT NOT NULL DEFAULT 0,
    updated    BIGINT NOT NULL DEFAULT 0,
    skipped    BIGINT NOT NULL DEFAULT 0,
    refused    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX imports_by_time ON imports (begun_at);

-- The rows that are not taken yet. One that is taken is deleted in the unit of work that writes its customer.
CREATE TABLE import_rows (
    import_id    TEXT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    -- The line of the file.
    line         BIGINT NOT NULL,
    -- 'waiting'; 'duplicate' until somebody decides, then 'decided'; 'refused'
    state        TEXT NOT NULL,
    -- JSON: as it stands in the file.
    cells        TEXT NOT NULL,
    -- JSON: columns and what is wrong with them.
    wrong        TEXT NOT NULL DEFAULT '[]',
    duplicate_of TEXT,
    -- How it was decided.
    how          TEXT,
    PRIMARY KEY (import_id, line)
);
CREATE INDEX import_rows_by_state ON import_rows (import_id, state, line);

CREATE TABLE list_columns (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- 'customer', 'inquiry'
    owner   TEXT NOT NULL,
    -- JSON: wire::record_files::Column, in their order.
    columns TEXT NOT NULL,
    PRIMARY KEY (user_id, owner)
);

-- What can be searched: the texts as they are compared, and the index over their grams, whose row number is the place.
-- Places are given out once: higher is newer.
CREATE TABLE search_customers (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id    TEXT NOT NULL UNIQUE,
    text  TEXT NOT NULL
);
CREATE TABLE search_inquiries (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id    TEXT NOT NULL UNIQUE,
    text  TEXT NOT NULL
);

-- Nothing but which gram is in which row. The tokenizer parts grams at spaces alone: whatever is not ASCII is a letter
-- to it, and grams hold no ASCII but small letters and digits.
CREATE VIRTUAL TABLE search_customers_grams USING fts5 (
    grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
CREATE VIRTUAL TABLE search_inquiries_grams USING fts5 (
    grams, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

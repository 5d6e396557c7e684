-- What can be searched: the texts as they are compared, and their grams. Places are given out once: higher is newer.
-- Two more grams name the range that a place is in: 'L' and place >> 17, 'S' and place >> 13.
CREATE SEQUENCE search_customers_places;
CREATE TABLE search_customers (
    place BIGINT PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    text  TEXT COLLATE "C" NOT NULL,
    grams TSVECTOR NOT NULL
);
CREATE SEQUENCE search_inquiries_places;
CREATE TABLE search_inquiries (
    place BIGINT PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    text  TEXT COLLATE "C" NOT NULL,
    grams TSVECTOR NOT NULL
);

-- Without a list of pending entries, which every search would read from end to end.
CREATE INDEX search_customers_by_gram ON search_customers USING gin (grams) WITH (fastupdate = off);
CREATE INDEX search_inquiries_by_gram ON search_inquiries USING gin (grams) WITH (fastupdate = off);

-- At most so many texts below a place that have the grams, in no order. The planner, who knows nothing about grams that
-- come as a parameter, is left no way but the index; `+ 0` keeps it from reading places instead.
CREATE FUNCTION search_customers_matching(wanted TSQUERY, below BIGINT, most BIGINT)
RETURNS TABLE (place BIGINT, id TEXT, text TEXT) LANGUAGE sql STABLE
SET enable_seqscan = off SET jit = off SET max_parallel_workers_per_gather = 0 AS $$
    SELECT found.place, found.id, found.text FROM search_customers found
    WHERE found.grams @@ wanted AND found.place + 0 < below LIMIT most
$$;
CREATE FUNCTION search_inquiries_matching(wanted TSQUERY, below BIGINT, most BIGINT)
RETURNS TABLE (place BIGINT, id TEXT, text TEXT) LANGUAGE sql STABLE
SET enable_seqscan = off SET jit = off SET max_parallel_workers_per_gather = 0 AS $$
    SELECT found.place, found.id, found.text FROM search_inquiries found
    WHERE found.grams @@ wanted AND found.place + 0 < below LIMIT most
$$;

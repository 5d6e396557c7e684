-- Calls that nobody is being asked about. A row lives from the call's arrival, or its return from an agent,
-- until the router has claimed somebody for it or the customer has gone.

CREATE TABLE waiting_calls (
    call_id  TEXT PRIMARY KEY NOT NULL,
    queue_id TEXT NOT NULL,
    since    BIGINT NOT NULL,
    -- Back from an agent who declined or missed it: goes before the others.
    front    BOOLEAN NOT NULL,
    -- The agents who are not asked again: ids, joined by commas.
    skipped  TEXT NOT NULL
);
CREATE INDEX waiting_calls_by_queue ON waiting_calls (queue_id);

-- One row a queue: whoever raises its turn decides alone until the transaction ends.
CREATE TABLE queue_turns (
    queue_id TEXT PRIMARY KEY NOT NULL,
    turn     BIGINT NOT NULL
);

-- The trail of what was done; `n` grows for ever and is never used again.
CREATE TABLE audit_log (
    n        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    -- Who did it, and the name that they had then; empty for the command line and the server itself.
    actor_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    who      TEXT,
    -- A code: session.signed_in, queue.saved, …
    what     TEXT NOT NULL,
    -- About whom or what, as it was named then.
    subject  TEXT NOT NULL,
    -- The fields that changed, without secrets and without customers' personal data.
    detail   TEXT NOT NULL,
    -- Where it came from, if over the network.
    address  TEXT
);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id);

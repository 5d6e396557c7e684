-- People who can sign in, their sessions, the brake on guessing, and the trail of what was done.

CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    -- Lower case and trimmed: what is typed at sign-in.
    login         TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL,
    -- agent, supervisor, administrator
    role          TEXT NOT NULL,
    -- argon2id in PHC string form
    password_hash TEXT NOT NULL,
    -- One who may not sign in any more stays: calls and the trail name them.
    active        BOOLEAN NOT NULL DEFAULT TRUE,
    -- Made by the demo: such a database may be started in demo mode again.
    demo          BOOLEAN NOT NULL DEFAULT FALSE,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE TABLE sessions (
    -- SHA-256 of the cookie's value, in hexadecimal: the value itself is nowhere but in the browser.
    token_hash   TEXT PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_age ON sessions (last_seen_at);

CREATE TABLE sign_in_tries (
    -- 'account:<login>' or 'address:<ip>'
    key        TEXT PRIMARY KEY NOT NULL,
    -- When the tries that still count were made: milliseconds, joined by commas, oldest first.
    tried_at   TEXT NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX sign_in_tries_by_age ON sign_in_tries (touched_at);

-- The trail of what was done: see the slice `audit`.
CREATE TABLE audit_log (
    id       TEXT PRIMARY KEY NOT NULL,
    at       BIGINT NOT NULL,
    -- Who did it; empty for the command line and the server itself.
    actor_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    -- A code: session.signed_in, queue.saved, …
    action   TEXT NOT NULL,
    -- About whom or what, as it was named then.
    subject  TEXT,
    -- JSON: the fields that changed, without secrets and without customers' personal data.
    detail   TEXT NOT NULL DEFAULT '{}',
    -- Where it came from, if over the network.
    address  TEXT
);
CREATE INDEX audit_log_by_time ON audit_log (at);

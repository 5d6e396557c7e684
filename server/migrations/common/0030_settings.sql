-- What an administrator sets up: extensions, trunks, music, queues, numbers.

-- One row: each change of a setting takes it first, so that changes are checked against each other one by one.
CREATE TABLE settings_version (
    id      BIGINT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL
);
INSERT INTO settings_version (id, version) VALUES (1, 0);

CREATE TABLE extensions (
    id         TEXT PRIMARY KEY NOT NULL,
    number     TEXT NOT NULL UNIQUE,
    -- A user has at most one.
    user_id    TEXT UNIQUE REFERENCES users (id) ON DELETE SET NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE trunks (
    id              TEXT PRIMARY KEY NOT NULL,
    name            TEXT NOT NULL UNIQUE,
    host            TEXT NOT NULL,
    port            BIGINT NOT NULL,
    -- udp, tcp
    transport       TEXT NOT NULL,
    registers       BOOLEAN NOT NULL,
    username        TEXT,
    -- Sealed with the key that lies outside the database.
    sealed_password TEXT,
    -- JSON: addresses and networks
    sources         TEXT NOT NULL,
    -- JSON: pcmu, pcma in order of preference
    codecs          TEXT NOT NULL,
    max_calls       BIGINT NOT NULL,
    active          BOOLEAN NOT NULL,
    updated_at      BIGINT NOT NULL
);

CREATE TABLE music (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    length_ms  BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE queues (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    -- longest_idle
    rule         TEXT NOT NULL,
    may_answer   BOOLEAN NOT NULL,
    ring_seconds BIGINT NOT NULL,
    music_id     TEXT REFERENCES music (id),
    updated_at   BIGINT NOT NULL,
    -- A deleted queue stays as the name of the calls that came through it.
    deleted_at   BIGINT
);
CREATE UNIQUE INDEX queues_by_name ON queues (name) WHERE deleted_at IS NULL;

CREATE TABLE queue_members (
    queue_id TEXT NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (queue_id, user_id)
);
CREATE INDEX queue_members_by_user ON queue_members (user_id);

CREATE TABLE numbers (
    id         TEXT PRIMARY KEY NOT NULL,
    e164       TEXT NOT NULL UNIQUE,
    label      TEXT NOT NULL,
    trunk_id   TEXT NOT NULL REFERENCES trunks (id),
    queue_id   TEXT REFERENCES queues (id),
    -- nobody, everybody, users
    granted    TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE number_grants (
    number_id TEXT NOT NULL REFERENCES numbers (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (number_id, user_id)
);
CREATE INDEX number_grants_by_user ON number_grants (user_id);

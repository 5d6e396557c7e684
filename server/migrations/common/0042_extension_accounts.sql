-- Accounts of extensions at another exchange: registered there while the extension's agent is logged in.

CREATE TABLE extension_accounts (
    extension_id    TEXT PRIMARY KEY NOT NULL REFERENCES extensions (id) ON DELETE CASCADE,
    host            TEXT NOT NULL,
    port            BIGINT NOT NULL,
    -- udp, tcp
    transport       TEXT NOT NULL,
    -- Empty: the host is the domain, too.
    domain          TEXT,
    username        TEXT NOT NULL,
    -- Empty: the user name is the one that passwords are asked of, too.
    auth_username   TEXT,
    -- Sealed with the key that lies outside the database.
    sealed_password TEXT,
    -- JSON: pcmu, pcma in order of preference
    codecs          TEXT NOT NULL,
    updated_at      BIGINT NOT NULL
);

-- What was typed and not saved, of each user and form.

CREATE TABLE drafts (
    user_id   TEXT NOT NULL,
    -- wire::drafts::DraftOf as JSON.
    form      TEXT NOT NULL,
    -- Grows with each keystroke: an older one that comes late changes nothing.
    n         BIGINT NOT NULL,
    -- wire::drafts::Typed as JSON; empty where it was discarded, so that an older keystroke that comes late stays dead.
    typed     TEXT,
    -- The record that it is to become, or is of.
    record_id TEXT,
    at        BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    PRIMARY KEY (user_id, form)
);
CREATE INDEX drafts_of_record ON drafts (record_id);

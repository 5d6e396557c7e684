-- Inquiries and the files attached to them.

CREATE TABLE inquiries (
    id             TEXT PRIMARY KEY NOT NULL,
    -- One more with each change.
    version        BIGINT NOT NULL,
    customer_id    TEXT NOT NULL REFERENCES customers (id),
    -- About which call; empty for one without any.
    interaction_id TEXT,
    -- domain::records::Values as JSON.
    record         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT,
    updated_at     BIGINT NOT NULL,
    updated_by     TEXT
);
CREATE INDEX inquiries_of_customer ON inquiries (customer_id, created_at);
CREATE INDEX inquiries_of_interaction ON inquiries (interaction_id) WHERE interaction_id IS NOT NULL;
CREATE INDEX inquiries_by_time ON inquiries (created_at, id);

CREATE TABLE attachments (
    file_id     TEXT PRIMARY KEY NOT NULL,
    -- As it was called; empty once it is only waiting to be forgotten.
    name        TEXT NOT NULL,
    size        BIGINT NOT NULL,
    media_type  TEXT NOT NULL,
    uploaded_by TEXT NOT NULL,
    -- Since when no inquiry has it, for those that none has.
    loose_since BIGINT NOT NULL,
    inquiry_id  TEXT REFERENCES inquiries (id),
    -- Its place among the inquiry's files, from 0.
    position    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX attachments_of_inquiry ON attachments (inquiry_id);
CREATE INDEX attachments_loose ON attachments (loose_since) WHERE inquiry_id IS NULL;

-- How often each row of the settings was changed: who saves one says which state they saw. A row without a line here has
-- version 1.
CREATE TABLE settings_rows (
    -- 'users', 'extensions', 'trunks', 'numbers', 'queues', 'call_rules': one row's id may be another kind's too.
    kind    TEXT NOT NULL,
    -- Empty for 'call_rules', of which there is one.
    id      TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

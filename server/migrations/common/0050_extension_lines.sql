-- How long a call to an extension's account rings, in seconds, and what is dialled there for a line outside.
ALTER TABLE extension_accounts ADD COLUMN ring_seconds BIGINT NOT NULL DEFAULT 20;
-- Empty: numbers outside are dialled as they are.
ALTER TABLE extension_accounts ADD COLUMN outside_prefix TEXT;

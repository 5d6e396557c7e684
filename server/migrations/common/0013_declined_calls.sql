-- When a waiting call came in, or its last offer came to nothing: a call that everybody has declined rests from then on.

ALTER TABLE waiting_calls ADD COLUMN returned BIGINT NOT NULL DEFAULT 0;

-- A held customer is heard by the agent, or where the company wishes, not.
ALTER TABLE call_rules ADD COLUMN full_hold BOOLEAN NOT NULL DEFAULT FALSE;
-- When after-call work ends by itself, in seconds; 0: never.
ALTER TABLE call_rules ADD COLUMN after_call_limit_seconds BIGINT NOT NULL DEFAULT 0;
-- By how much the agent may put that off at each press, in seconds.
ALTER TABLE call_rules ADD COLUMN after_call_extension_seconds BIGINT NOT NULL DEFAULT 60;

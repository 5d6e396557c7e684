-- How every desk handles calls: one row.
CREATE TABLE call_rules (
    id                       BIGINT PRIMARY KEY NOT NULL,
    -- The microphone is open in calls only, and not already while its agent is ready.
    microphone_only_in_calls BOOLEAN NOT NULL,
    updated_at               BIGINT NOT NULL
);
INSERT INTO call_rules (id, microphone_only_in_calls, updated_at) VALUES (1, FALSE, 0);

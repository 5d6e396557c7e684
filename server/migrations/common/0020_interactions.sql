-- Interactions (calls for now) and the numbered log of each. Ids only, no names; the two numbers are the one personal
-- thing here, and stand apart from the log so that they can be erased without touching it.

CREATE TABLE interactions (
    id              TEXT PRIMARY KEY NOT NULL,
    -- 'call'
    kind            TEXT NOT NULL,
    -- 'inbound', 'outbound'
    direction       TEXT NOT NULL,
    -- E.164; empty when the caller withheld it.
    customer_number TEXT,
    -- E.164: dialled by the customer, or shown to them.
    our_number      TEXT,
    queue_id        TEXT,
    -- The last agent who dialled or was connected.
    agent_id        TEXT,
    trunk_id        TEXT,
    started_at      BIGINT NOT NULL,
    connected_at    BIGINT,
    -- Empty while the call goes on.
    ended_at        BIGINT,
    -- domain::telephony::Outcome as JSON, and its tag alone to filter by: 'abandoned', 'failed', …
    outcome         TEXT,
    outcome_kind    TEXT,
    sip_status      BIGINT,
    -- The far end's reason phrase, as it came.
    sip_reason      TEXT,
    -- How long the customer waited for an agent; inbound only.
    waited_ms       BIGINT,
    -- How long they talked, hold included.
    talked_ms       BIGINT
);
CREATE INDEX interactions_by_time ON interactions (started_at, id);
CREATE INDEX interactions_by_agent ON interactions (agent_id, started_at);
CREATE INDEX interactions_by_customer ON interactions (customer_number, started_at);
CREATE INDEX interactions_by_outcome ON interactions (outcome_kind, started_at);
CREATE INDEX interactions_open ON interactions (started_at) WHERE ended_at IS NULL;

CREATE TABLE interaction_events (
    interaction_id TEXT NOT NULL REFERENCES interactions (id) ON DELETE CASCADE,
    -- From 1, without gaps.
    n              BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    -- domain::telephony::CallEvent as JSON.
    event          TEXT NOT NULL,
    -- The agent whom the event is about, if any.
    agent_id       TEXT,
    PRIMARY KEY (interaction_id, n)
);
CREATE INDEX interaction_events_by_agent ON interaction_events (agent_id, at);

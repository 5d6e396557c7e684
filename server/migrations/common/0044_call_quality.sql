-- How each call sounded, as far as it was measured; written once, when the call is over. Empty: not measured.

CREATE TABLE call_quality (
    interaction_id             TEXT PRIMARY KEY NOT NULL REFERENCES interactions (id) ON DELETE CASCADE,
    -- Packets from the agent's browser: how many were to arrive, how many of these never did, how unevenly the rest came.
    agent_heard_expected       BIGINT,
    agent_heard_lost           BIGINT,
    agent_heard_jitter_ms      BIGINT,
    -- Packets to the agent's browser, as it reports.
    agent_said_expected        BIGINT,
    agent_said_lost            BIGINT,
    agent_said_jitter_ms       BIGINT,
    agent_round_trip_ms        BIGINT,
    -- The same with the trunk.
    customer_heard_expected    BIGINT,
    customer_heard_lost        BIGINT,
    customer_heard_jitter_ms   BIGINT,
    customer_said_expected     BIGINT,
    customer_said_lost         BIGINT,
    customer_said_jitter_ms    BIGINT,
    customer_round_trip_ms     BIGINT
);

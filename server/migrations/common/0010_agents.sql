-- Where each agent sits, as the seat machine left it, and every step that led there.

CREATE TABLE agent_seats (
    user_id    TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- JSON of domain::agents::Seat
    seat       TEXT NOT NULL,
    -- What the router may choose from, kept beside the JSON so that it can be asked for.
    free       BOOLEAN NOT NULL,
    idle_since BIGINT NOT NULL,
    -- The call that the seat is about; an agent is never in two.
    call_id    TEXT,
    -- Grows with every lock, so that taking the row for writing is one statement on both databases.
    version    BIGINT NOT NULL
);
CREATE INDEX agent_seats_by_call ON agent_seats (call_id);

-- Presence and work over time: hold, after-call work, ringing, missed, break and lost can be counted apart.
CREATE TABLE agent_changes (
    id        TEXT PRIMARY KEY NOT NULL,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at        BIGINT NOT NULL,
    -- JSON of domain::agents::SeatInput
    cause     TEXT NOT NULL,
    -- agent, router, customer, server, administrator
    caused_by TEXT NOT NULL,
    seat_from TEXT NOT NULL,
    seat_to   TEXT NOT NULL
);
CREATE INDEX agent_changes_by_user ON agent_changes (user_id, at);

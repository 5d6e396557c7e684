-- Toll fraud: the rules, the countries that were called before, the alarms.

-- No row: the defaults of the home country.
CREATE TABLE toll_rules (
    id         BIGINT PRIMARY KEY NOT NULL,
    -- domain::telephony::tolls::Rules as JSON.
    rules      TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE toll_countries (
    -- Two letters, or the first digits of a range that belongs to no country.
    country  TEXT PRIMARY KEY NOT NULL,
    first_at BIGINT NOT NULL
);

CREATE TABLE toll_alarms (
    id       TEXT PRIMARY KEY NOT NULL,
    at       BIGINT NOT NULL,
    -- refused, new_country, minutes_used_up
    kind     TEXT NOT NULL,
    agent_id TEXT,
    trunk_id TEXT NOT NULL,
    -- international, denied_prefix, … ; empty for a new country.
    rule     TEXT,
    country  TEXT
);
CREATE INDEX toll_alarms_by_time ON toll_alarms (at);

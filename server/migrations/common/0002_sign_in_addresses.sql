-- Where a user has signed in from: such an address has a budget of wrong tries of its own, so that guessing from
-- elsewhere does not lock the user out. Forgotten 30 days after the last time.
CREATE TABLE sign_in_addresses (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- An IPv4 address, or an IPv6 /64 network's first address.
    address TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, address)
);
CREATE INDEX sign_in_addresses_by_age ON sign_in_addresses (last_at);

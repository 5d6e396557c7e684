-- How a trunk is found and what it says about callers. A port of 0: as the name service says. `transport` may be tls.
ALTER TABLE trunks ADD COLUMN second_host TEXT;
-- Trunks from before this column were all believed; a new one is only where somebody says so.
ALTER TABLE trunks ADD COLUMN trusts_identity BOOLEAN NOT NULL DEFAULT TRUE;
-- from, preferred, asserted
ALTER TABLE trunks ADD COLUMN presents TEXT NOT NULL DEFAULT 'asserted';

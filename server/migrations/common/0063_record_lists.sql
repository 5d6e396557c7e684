-- The order of the list of customers by reading; compared octet by octet on both databases.
ALTER TABLE customers ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
CREATE INDEX customers_by_reading ON customers (sort_key, id);

-- The ever-growing number of a line of the audit log. SQLite gives every row one by itself (rowid).
ALTER TABLE audit_log ADD COLUMN n BIGINT GENERATED ALWAYS AS IDENTITY;
CREATE UNIQUE INDEX audit_log_by_number ON audit_log (n);

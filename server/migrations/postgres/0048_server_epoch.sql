-- Numbers the runs of the server that serves with this database: one that lost the session of its lock, and finds another
-- number when it is back, was taken over. SQLite's lock is a file of the same machine and is not lost.
CREATE TABLE server_epoch (
    id    BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO server_epoch (id, epoch) VALUES (1, 0);

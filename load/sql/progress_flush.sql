-- Has the server's disk hold what has been committed of this spool, whose commits may not have waited for it
-- (load/upsert/txn.h): a lock is written to the log, so the commit of this statement waits for all before it. Conflicts with
-- the lock of a transaction that is loading: it waits for its end, or with `SKIP LOCKED` does without that row, for one row is
-- enough. 0 rows: nothing was written, and nothing is known to be on the disk.
--
--   psql -v spool=ID -v locked='SKIP LOCKED' -f load/sql/progress_flush.sql
SELECT pg_catalog.count(*)
FROM (SELECT 1 FROM netty_sync.progress WHERE spool OPERATOR(pg_catalog.=) :'spool' FOR KEY SHARE :locked) AS held;

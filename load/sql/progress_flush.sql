-- Has the server's disk hold what has been committed of this spool, whose commits may not have waited for it
-- (load/upsert/txn.h): a lock is written to the log, so the commit of this statement waits for all before it. Conflicts with
-- the lock of a transaction that is loading, and waits for its end.
SELECT pg_catalog.count(*)
FROM (SELECT 1 FROM netty_sync.progress WHERE spool OPERATOR(pg_catalog.=) :'spool' FOR KEY SHARE) AS held;

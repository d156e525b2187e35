-- What has been acted on of this spool's table, locked until the transaction ends: whoever else does the
-- same waits here, and then sees what was done.
--
--   psql -v spool=ID -v table_name=contacts -f load/sql/begin.sql -f load/sql/reconcile_lock.sql ...
INSERT INTO netty_sync.reconcile (spool, table_name)
VALUES (:'spool', :'table_name')
ON CONFLICT (spool, table_name) DO NOTHING;
SELECT roll, looks, marked
FROM netty_sync.reconcile
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name'
FOR UPDATE;

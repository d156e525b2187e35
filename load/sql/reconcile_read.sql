-- Reads what has been acted on of this spool's table, as reconcile_lock.sql does, but without a lock. No row: nothing was.
--
--   psql -v spool=ID -v table_name=contacts -f load/sql/reconcile_read.sql
SELECT roll, looks, marked
FROM netty_sync.reconcile
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name';

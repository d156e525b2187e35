-- The same without a lock. No row: nothing.
--
--   psql -v spool=ID -v table_name=contacts -f load/sql/reconcile_read.sql
SELECT roll, looks, marked
FROM netty_sync.reconcile
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name';

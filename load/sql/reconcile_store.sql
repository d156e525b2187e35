-- What the transaction has acted on, to commit with it. The row is there: reconcile_lock.sql made it.
--
--   psql ... -v spool=ID -v table_name=contacts -v roll=1 -v looks=2 -v marked=3 \
--        -f load/sql/reconcile_store.sql -c COMMIT
UPDATE netty_sync.reconcile
SET roll = :'roll'::bigint, looks = :'looks'::bigint, marked = :'marked'::bigint, marked_at = pg_catalog.now()
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name';

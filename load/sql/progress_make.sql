-- The bookkeeping's rows of this spool's table, a row a lane (load/row/lane.h), where they are missing.
--
--   psql -v spool=ID -v table_name=contacts -v schema=public -v relation=netty-contacts -v branch= \
--        -f load/sql/begin.sql -f load/sql/progress_make.sql ...
INSERT INTO netty_sync.progress (spool, schema_name, table_name, branch, lane, relation, book)
SELECT :'spool', :'schema', :'table_name', :'branch', lane,
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid,
    pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid
FROM pg_catalog.generate_series(0, 3) AS lane
ON CONFLICT (spool, schema_name, table_name, branch, lane) DO NOTHING;

-- The bookkeeping's rows of this spool's table, a row a lane (load/row/lane.h), where they are missing.
--
--   psql -v spool=ID -v table_name=contacts -f load/sql/begin.sql -f load/sql/progress_make.sql ...
INSERT INTO netty_sync.progress (spool, table_name, lane)
SELECT :'spool', :'table_name', lane
FROM pg_catalog.generate_series(0, 3) AS lane
ON CONFLICT (spool, table_name, lane) DO NOTHING;

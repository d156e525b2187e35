-- Waits for it to be our turn to make a view (view_lock.sql).
--
--   psql -1 -v turn=7954892360421172323 -f load/sql/view_turn.sql
SELECT pg_catalog.pg_advisory_xact_lock(CAST(:'turn' AS pg_catalog.int8));

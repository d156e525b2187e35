-- Begins a transaction of the loader.
--
-- It reads what others committed meanwhile, whatever the role's default is: a loader that has waited must see the progress of the one
-- before it. Records are UTF-8. The planner has no statistics on a batch: by itself it would compile the statement and scan whole
-- tables. search_path is for what is called without being named here, as triggers, policies and constraints of the tables: nobody
-- else's function or operator is found on it. No lock is waited for longer than half of the time that a statement may take, so that
-- the error of a lock (55P03) is never taken for that of a statement (57014). A shorter limit of the role's own stays.
--
--   psql -f load/sql/begin.sql -f ... -c COMMIT
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL jit = off;
SET LOCAL enable_seqscan = off;
SELECT CASE
    WHEN l.half OPERATOR(pg_catalog.>) 0
        AND (l.own OPERATOR(pg_catalog.=) 0 OR l.own OPERATOR(pg_catalog.>) l.half)
    THEN pg_catalog.set_config('lock_timeout', pg_catalog.concat(l.half, 'ms'), true)
END
FROM (
    SELECT
        CAST(pg_catalog.ceil(pg_catalog.date_part('epoch',
            CAST(pg_catalog.current_setting('statement_timeout') AS pg_catalog.interval))
            OPERATOR(pg_catalog.*) 500) AS pg_catalog.int8) AS half,
        CAST(pg_catalog.ceil(pg_catalog.date_part('epoch',
            CAST(pg_catalog.current_setting('lock_timeout') AS pg_catalog.interval))
            OPERATOR(pg_catalog.*) 1000) AS pg_catalog.int8) AS own
) AS l;

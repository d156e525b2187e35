-- Does the table keep the time_modified that an update gives it? To be rolled back. One row, or none where there is nothing to
-- try it on: kept.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -f load/sql/begin.sql -f load/sql/probe_time.sql -c ROLLBACK
WITH one AS MATERIALIZED (
    SELECT t.:"key" AS key, t.time_modified AS before
    FROM :"schema".:"relation" AS t
    WHERE t.time_modified IS NOT NULL
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE :"schema".:"relation" AS t
SET time_modified = one.before OPERATOR(pg_catalog.-) '1 second'::pg_catalog.interval,
    data = t.data OPERATOR(pg_catalog.||) '{"netty_probe": true}'::pg_catalog.jsonb
FROM one
WHERE t.:"key" OPERATOR(pg_catalog.=) one.key
RETURNING t.time_modified OPERATOR(pg_catalog.=) (one.before OPERATOR(pg_catalog.-) '1 second'::pg_catalog.interval) AS kept;

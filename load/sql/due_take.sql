-- The rows of a window of keys that fit a condition, as JSON with every column, and locked until the
-- transaction ends; so many at most, and no more than the first ones that have so many bytes together
-- (one at least). Rows that somebody else has locked are passed over: they are being changed.
--
--   psql -f load/sql/begin.sql ... -v from=0 -v to=1000 -v rows=1000 -v bytes=4000000 \
--        -v condition="t.time_modified < '2024-01-01'" -f load/sql/due_take.sql ...
WITH due AS MATERIALIZED (
    SELECT t.:"key" AS key, pg_catalog.to_jsonb(t)::pg_catalog.text AS line
    FROM :"schema".:"relation" AS t
    WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
        AND (:condition)
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), sized AS (
    SELECT d.*,
        pg_catalog.sum(pg_catalog.octet_length(d.line) OPERATOR(pg_catalog.+) 1) OVER (ORDER BY d.key)
            OPERATOR(pg_catalog.-) pg_catalog.octet_length(d.line) AS reached
    FROM due AS d
)
SELECT s.key, s.line
FROM sized AS s
WHERE s.reached OPERATOR(pg_catalog.<=) :'bytes'::bigint
    OR s.key OPERATOR(pg_catalog.=) (SELECT pg_catalog.min(d.key) FROM due AS d)
ORDER BY s.key;

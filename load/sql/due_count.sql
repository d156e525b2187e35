-- How many rows of a window of keys fit a condition, and of how many bytes: for --dry-run.
--
--   psql ... -v from=0 -v to=1000 -v condition="t.time_modified < '2024-01-01'" -f load/sql/due_count.sql
SELECT pg_catalog.count(*) AS rows,
    coalesce(pg_catalog.sum(pg_catalog.octet_length(pg_catalog.to_jsonb(t)::pg_catalog.text) OPERATOR(pg_catalog.+) 1),
        0) AS bytes
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
    AND (:condition);

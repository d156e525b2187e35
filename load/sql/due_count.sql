-- How many rows of a window of keys fit a condition, and of how many bytes: for --dry-run.
--
--   psql ... -v from=0 -v to=1000 -v condition="t.time_modified < '2024-01-01'" -f load/sql/due_count.sql
SELECT count(*) AS rows, coalesce(sum(octet_length(to_jsonb(t)::text) + 1), 0) AS bytes
FROM :"schema".:"relation" AS t
WHERE t.:"key" BETWEEN :'from'::bigint AND :'to'::bigint AND (:condition);

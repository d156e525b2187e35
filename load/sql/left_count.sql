-- How many rows of a window of keys fit a condition, and the first of their keys: those that others refer to, and that stay.
--
--   psql ... -v key=contact_id -v from=0 -v to=1000 -v condition="..." -f load/sql/left_count.sql
SELECT pg_catalog.count(*) AS rows,
    pg_catalog.array_to_string((pg_catalog.array_agg(t.:"key" ORDER BY t.:"key"))[1:10], ' ') AS keys
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
    AND (:condition);

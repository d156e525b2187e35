-- The next rows from a key on, in the order of keys: time_modified in microseconds since 1970 (null: none),
-- and when the row was marked as deleted (null: it is not). The limit bounds the statement, whatever the table's size.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -v from=0 -v rows=1000 \
--        -f load/sql/reconcile_keys.sql
SELECT
    t.:"key" AS key,
    CASE WHEN pg_catalog.isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END AS time_modified,
    t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' AS marked
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.>=) CAST(:'from' AS pg_catalog.:"keytype")
ORDER BY t.:"key"
LIMIT :'rows'::bigint;

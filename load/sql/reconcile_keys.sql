-- The next rows from a key on, in the order of keys: time_modified in microseconds since 1970 (null: none),
-- and when the row was marked as deleted (null: it is not). The limit bounds the statement, whatever the table's size.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -v from=0 -v rows=1000 \
--        -f load/sql/reconcile_keys.sql
SELECT
    t.:"key" AS key,
    CASE WHEN isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) * 1000000)::bigint END AS time_modified,
    t.data->>'deleted_detected_at' AS marked
FROM :"schema".:"relation" AS t
WHERE t.:"key" >= CAST(:'from' AS :"keytype")
ORDER BY t.:"key"
LIMIT :'rows'::bigint;

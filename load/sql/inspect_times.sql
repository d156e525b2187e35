-- The rows of a window of keys whose data says what the columns say too, or when a deletion was found: both,
-- to be compared. Times of columns in microseconds since 1970.
--
--   psql ... -v key=contact_id -v from=0 -v to=1000 -f load/sql/inspect_times.sql
SELECT
    t.:"key" AS key,
    t.data OPERATOR(pg_catalog.?) :'key' AS has_key,
    t.data OPERATOR(pg_catalog.->>) :'key' AS said_key,
    t.data OPERATOR(pg_catalog.?) 'time_created' AS has_created,
    t.data OPERATOR(pg_catalog.->>) 'time_created' AS said_created,
    CASE WHEN pg_catalog.isfinite(t.time_created)
        THEN (extract(epoch FROM t.time_created) OPERATOR(pg_catalog.*) 1000000)::bigint END AS created,
    t.data OPERATOR(pg_catalog.?) 'time_modified' AS has_modified,
    t.data OPERATOR(pg_catalog.->>) 'time_modified' AS said_modified,
    CASE WHEN pg_catalog.isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END AS modified,
    t.data OPERATOR(pg_catalog.?) 'deleted_detected_at' AS has_detected,
    t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' AS said_detected
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
    AND pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
    AND t.data OPERATOR(pg_catalog.?|) ARRAY[:'key', 'time_created', 'time_modified', 'deleted_detected_at']
ORDER BY t.:"key";

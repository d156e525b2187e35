-- The rows of a window of keys whose data says what the columns say too, or when a deletion was found: both,
-- to be compared. Times of columns in microseconds since 1970.
--
--   psql ... -v key=contact_id -v from=0 -v to=1000 -f load/sql/inspect_times.sql
SELECT
    t.:"key" AS key,
    t.data ? :'key' AS has_key,
    t.data->>:'key' AS said_key,
    t.data ? 'time_created' AS has_created,
    t.data->>'time_created' AS said_created,
    CASE WHEN isfinite(t.time_created) THEN (extract(epoch FROM t.time_created) * 1000000)::bigint END AS created,
    t.data ? 'time_modified' AS has_modified,
    t.data->>'time_modified' AS said_modified,
    CASE WHEN isfinite(t.time_modified) THEN (extract(epoch FROM t.time_modified) * 1000000)::bigint END AS modified,
    t.data ? 'deleted_detected_at' AS has_detected,
    t.data->>'deleted_detected_at' AS said_detected
FROM :"schema".:"relation" AS t
WHERE t.:"key" BETWEEN :'from'::bigint AND :'to'::bigint
    AND jsonb_typeof(t.data) = 'object'
    AND t.data ?| ARRAY[:'key', 'time_created', 'time_modified', 'deleted_detected_at']
ORDER BY t.:"key";

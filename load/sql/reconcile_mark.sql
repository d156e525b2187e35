-- Marks records that the source no longer has ($1: keys, $2: time_modified in microseconds since 1970, $3: when
-- that was found) as deleted, those that have not been modified since; says how many of them were not deleted
-- before. time_modified stays: it is the source's.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_mark.sql
WITH found AS MATERIALIZED (
    SELECT t.:"key" AS key, t.data @> '{"deleted": true}'::jsonb AS deleted
    FROM unnest($1::bigint[], $2::bigint[]) AS g (key, time)
    JOIN :"schema".:"relation" AS t ON t.:"key" = CAST(g.key AS :"keytype")
    WHERE CASE WHEN isfinite(t.time_modified)
            THEN (extract(epoch FROM t.time_modified) * 1000000)::bigint END IS NOT DISTINCT FROM g.time
        AND NOT (t.data ? 'deleted_detected_at')
    ORDER BY t.:"key"
    FOR UPDATE OF t
), marked AS (
    UPDATE :"schema".:"relation" AS t
    SET data = t.data || jsonb_build_object('deleted', true, 'deleted_detected_at', $3::text)
    FROM found AS f
    WHERE t.:"key" = f.key
    RETURNING f.deleted
)
SELECT count(*) FILTER (WHERE NOT deleted) AS deleted, count(*) AS marked
FROM marked;

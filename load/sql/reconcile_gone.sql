-- Of the records that the source no longer has ($1: keys, $2: time_modified in microseconds since 1970), how many
-- are not deleted yet, nor modified since: what a mark would change for those who read the table.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_gone.sql
SELECT
    count(*) FILTER (WHERE NOT (t.data @> '{"deleted": true}'::jsonb)) AS deleted,
    count(*) AS marked
FROM unnest($1::bigint[], $2::bigint[]) AS g (key, time)
JOIN :"schema".:"relation" AS t ON t.:"key" = CAST(g.key AS :"keytype")
WHERE CASE WHEN isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) * 1000000)::bigint END IS NOT DISTINCT FROM g.time
    AND NOT (t.data ? 'deleted_detected_at');

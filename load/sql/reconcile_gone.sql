-- Of the records that the source no longer has ($1: keys, $2: time_modified in microseconds since 1970), how many
-- are not deleted yet, nor modified since: what a mark would change for those who read the table.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_gone.sql
SELECT
    pg_catalog.count(*)
        FILTER (WHERE NOT (t.data OPERATOR(pg_catalog.@>) '{"deleted": true}'::pg_catalog.jsonb)) AS deleted,
    pg_catalog.count(*) AS marked
FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[])) AS g (key, time)
JOIN :"schema".:"relation" AS t ON t.:"key" OPERATOR(pg_catalog.=) CAST(g.key AS pg_catalog.:"keytype")
WHERE coalesce(CASE WHEN pg_catalog.isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END, -9223372036854775808)
        OPERATOR(pg_catalog.=) coalesce(g.time, -9223372036854775808)
    AND NOT (t.data OPERATOR(pg_catalog.?) 'deleted_detected_at');

-- Marks records that the source no longer has ($1: keys, $2: time_modified in microseconds since 1970, $3: when
-- that was found) as deleted, those that have not been modified since; says how many of them were not deleted
-- before. time_modified stays: it is the source's.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_mark.sql
WITH found AS MATERIALIZED (
    SELECT t.:"key" AS key, t.data OPERATOR(pg_catalog.@>) '{"deleted": true}'::pg_catalog.jsonb AS deleted
    FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bigint[])) AS g (key, time)
    JOIN :"schema".:"relation" AS t ON t.:"key" OPERATOR(pg_catalog.=) CAST(g.key AS pg_catalog.:"keytype")
    WHERE coalesce(CASE WHEN pg_catalog.isfinite(t.time_modified)
            THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END, -9223372036854775808)
            OPERATOR(pg_catalog.=) coalesce(g.time, -9223372036854775808)
        AND NOT (t.data OPERATOR(pg_catalog.?) 'deleted_detected_at')
    ORDER BY t.:"key"
    FOR UPDATE OF t
), marked AS (
    UPDATE :"schema".:"relation" AS t
    SET data = t.data OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('deleted', true, 'deleted_detected_at',
        $3::pg_catalog.text)
    FROM found AS f
    WHERE t.:"key" OPERATOR(pg_catalog.=) f.key
    RETURNING f.deleted
)
SELECT pg_catalog.count(*) FILTER (WHERE NOT deleted) AS deleted, pg_catalog.count(*) AS marked
FROM marked;

-- Members that rows have and that the newest version of their record in the spool has not. $1: keys,
-- $2: for each the place (from 0) of its newest version's names in $3, a JSON array of arrays; $4: that
-- version's time, in microseconds since 1970 or null: a row with another time was loaded meanwhile, or is
-- not the spool's, and does not count. What the loader adds itself does not count either.
--
--   psql ... -v key=contact_id -f load/sql/merge_members.sql
WITH asked AS MATERIALIZED (
    SELECT b.key, b.shape, t.data
    FROM unnest($1::bigint[], $2::integer[], $4::bigint[]) AS b (key, shape, modified)
    JOIN :"schema".:"relation" AS t ON t.:"key" = b.key
    WHERE CASE WHEN isfinite(t.time_modified)
            THEN (extract(epoch FROM t.time_modified) * 1000000)::bigint END IS NOT DISTINCT FROM b.modified
        AND jsonb_typeof(t.data) = 'object'
), over AS (
    SELECT m.name, a.key
    FROM asked AS a
    CROSS JOIN LATERAL jsonb_object_keys(a.data) AS m (name)
    WHERE NOT ($3::jsonb->a.shape) ? m.name AND m.name NOT IN ('deleted', 'deleted_detected_at')
)
SELECT NULL AS member, count(*) AS rows, NULL AS keys FROM asked
UNION ALL
SELECT o.name, count(*), (array_agg(o.key ORDER BY o.key))[1:3]::text
FROM over AS o
GROUP BY o.name;

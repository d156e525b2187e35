-- Members that rows have and that the newest version of their record in the spool has not. $1: keys,
-- $2: for each the place (from 0) of its newest version's names in $3, a JSON array of arrays; $4: that
-- version's time, in microseconds since 1970 or null: a row with another time was loaded meanwhile, or is
-- not the spool's, and does not count. What the loader adds itself does not count either.
--
--   psql ... -v key=contact_id -f load/sql/merge_members.sql
WITH asked AS MATERIALIZED (
    SELECT b.key, b.shape, t.data
    FROM ROWS
        FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::integer[]),
            pg_catalog.unnest($4::bigint[])) AS b (key, shape, modified)
    JOIN :"schema".:"relation" AS t ON t.:"key" OPERATOR(pg_catalog.=) b.key
    WHERE coalesce(CASE WHEN pg_catalog.isfinite(t.time_modified)
            THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END, -9223372036854775808)
            OPERATOR(pg_catalog.=) coalesce(b.modified, -9223372036854775808)
        AND pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
), over AS (
    SELECT m.name, a.key
    FROM asked AS a
    CROSS JOIN LATERAL pg_catalog.jsonb_object_keys(a.data) AS m (name)
    WHERE NOT (($3::pg_catalog.jsonb OPERATOR(pg_catalog.->) a.shape) OPERATOR(pg_catalog.?) m.name)
        AND m.name OPERATOR(pg_catalog.<>) ALL ('{deleted,deleted_detected_at}'::pg_catalog.text[])
)
SELECT NULL AS member, pg_catalog.count(*) AS rows, NULL AS keys FROM asked
UNION ALL
SELECT o.name, pg_catalog.count(*), (pg_catalog.array_agg(o.key ORDER BY o.key))[1:3]::pg_catalog.text
FROM over AS o
GROUP BY o.name;

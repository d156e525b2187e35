-- What is odd about the rows of a window of keys: for each kind how many, and the first keys. `rows` are all.
--
--   psql ... -v key=contact_id -v from=0 -v to=1000 -f load/sql/inspect_rows.sql
SELECT p.kind, pg_catalog.count(*) AS rows, (pg_catalog.array_agg(t.:"key" ORDER BY t.:"key"))[1:3] AS keys
FROM :"schema".:"relation" AS t
CROSS JOIN LATERAL (VALUES
    ('rows', true),
    ('timeless', t.time_modified IS NULL),
    ('no-object', pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.<>) 'object'),
    ('deleted-missing', pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
        AND NOT t.data OPERATOR(pg_catalog.?) 'deleted'),
    ('deleted-type',
        pg_catalog.jsonb_typeof(t.data OPERATOR(pg_catalog.->) 'deleted') OPERATOR(pg_catalog.<>) 'boolean'),
    ('infinite', NOT (pg_catalog.isfinite(t.time_modified) AND pg_catalog.isfinite(t.time_created))),
    ('future', t.time_modified OPERATOR(pg_catalog.>) (pg_catalog.now() OPERATOR(pg_catalog.+) interval '1 day')
        AND pg_catalog.isfinite(t.time_modified)),
    ('backward', t.time_created OPERATOR(pg_catalog.>) t.time_modified)
) AS p (kind, found)
WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint AND p.found
GROUP BY p.kind;

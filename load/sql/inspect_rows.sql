-- What is odd about the rows of a window of keys: for each kind how many, and the first keys. `rows` are all.
--
--   psql ... -v key=contact_id -v from=0 -v to=1000 -f load/sql/inspect_rows.sql
SELECT p.kind, count(*) AS rows, (array_agg(t.:"key" ORDER BY t.:"key"))[1:3] AS keys
FROM :"schema".:"relation" AS t
CROSS JOIN LATERAL (VALUES
    ('rows', true),
    ('timeless', t.time_modified IS NULL),
    ('no-object', jsonb_typeof(t.data) <> 'object'),
    ('deleted-missing', jsonb_typeof(t.data) = 'object' AND NOT t.data ? 'deleted'),
    ('deleted-type', jsonb_typeof(t.data->'deleted') <> 'boolean'),
    ('infinite', NOT (isfinite(t.time_modified) AND isfinite(t.time_created))),
    ('future', t.time_modified > now() + interval '1 day' AND isfinite(t.time_modified)),
    ('backward', t.time_created > t.time_modified)
) AS p (kind, found)
WHERE t.:"key" BETWEEN :'from'::bigint AND :'to'::bigint AND p.found
GROUP BY p.kind;

-- Are a spool's records those of a table that another spool has fed? Of these keys, whose times are in microseconds since 1970 (null: none),
-- how many rows were created when the spool says so, how many at another time; and whether the table has a row.
-- Where neither side knows when a record was created, the last change counts.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v keys='{1}' -v created='{1700000000000000}' -v modified='{null}' ...
WITH theirs AS (
    SELECT
        CASE WHEN pg_catalog.isfinite(t.time_created)
            THEN (extract(epoch FROM t.time_created) OPERATOR(pg_catalog.*) 1000000)::bigint END AS created,
        CASE WHEN pg_catalog.isfinite(t.time_modified)
            THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END AS modified,
        s.created AS our_created, s.modified AS our_modified
    FROM ROWS FROM (pg_catalog.unnest(:'keys'::bigint[]), pg_catalog.unnest(:'created'::bigint[]), pg_catalog.unnest(:'modified'::bigint[]))
        AS s (key, created, modified)
    JOIN :"schema".:"relation" AS t ON t.:"key" OPERATOR(pg_catalog.=) s.key
)
SELECT
    pg_catalog.count(*) FILTER (WHERE created OPERATOR(pg_catalog.=) our_created
        OR (created IS NULL AND our_created IS NULL AND modified OPERATOR(pg_catalog.=) our_modified)) AS same,
    pg_catalog.count(*) FILTER (WHERE created OPERATOR(pg_catalog.<>) our_created) AS other,
    EXISTS (SELECT FROM :"schema".:"relation") AS has_rows
FROM theirs;

-- How far this spool has been loaded, in whole pages, in all lanes (load/row/lane.h): a row a table, schema and branch, with
-- its holes, and since when the table is marked (unchecked_note.sql); of the tables that are there. Times are microseconds since 1970.
--
--   psql -v spool=ID -v unchecked=netty_sync.unchecked -f load/sql/loaded_progress.sql
SELECT DISTINCT ON (p.table_name, p.schema_name, p.branch)
    p.table_name, p.schema_name, p.branch, p.segment,
    CASE WHEN p.line OPERATOR(pg_catalog.=) 0 OR p.page OPERATOR(pg_catalog.=) 0 THEN p.page ELSE p.page OPERATOR(pg_catalog.-) 1 END AS page,
    CASE WHEN p.line OPERATOR(pg_catalog.=) 0 THEN p.chain ELSE '' END AS chain,
    h.holes, h.gaps, h.after_segment, h.after_page, h.since, b.id AS book,
    (extract(epoch FROM u.since) OPERATOR(pg_catalog.*) 1000000)::bigint AS unchecked
FROM netty_sync.progress AS p
LEFT JOIN LATERAL (
    SELECT
        pg_catalog.count(*) FILTER (WHERE NOT o.gap) AS holes,
        pg_catalog.count(*) FILTER (WHERE o.gap) AS gaps,
        (pg_catalog.array_agg(o.after_segment ORDER BY o.segment, o.page) FILTER (WHERE NOT o.gap))[1] AS after_segment,
        (pg_catalog.array_agg(o.after_page ORDER BY o.segment, o.page) FILTER (WHERE NOT o.gap))[1] AS after_page,
        (extract(epoch FROM pg_catalog.min(o.since)) OPERATOR(pg_catalog.*) 1000000)::bigint AS since
    FROM netty_sync.hole AS o
    WHERE o.spool OPERATOR(pg_catalog.=) p.spool AND o.schema_name OPERATOR(pg_catalog.=) p.schema_name AND o.table_name OPERATOR(pg_catalog.=) p.table_name AND o.branch OPERATOR(pg_catalog.=) p.branch
) AS h ON true
LEFT JOIN netty_sync.book AS b ON true
LEFT JOIN :unchecked AS u
    ON u.spool OPERATOR(pg_catalog.=) p.spool AND u.schema_name OPERATOR(pg_catalog.=) p.schema_name AND u.table_name OPERATOR(pg_catalog.=) p.table_name
WHERE p.spool OPERATOR(pg_catalog.=) :'spool'
    AND (p.schema_name OPERATOR(pg_catalog.=) '' OR p.relation IS NULL OR EXISTS (
        SELECT FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) p.relation
    ) OR p.book OPERATOR(pg_catalog.<>) pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid)
ORDER BY p.table_name, p.schema_name, p.branch, p.segment, p.page,
    CASE WHEN p.line OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE p.line END;

-- What is known of this spool's table in the schema. A row a lane (load/row/lane.h) and branch:
-- kind `own`; `old`: from before progress was kept a schema; `moved`: it came with a dump, or nobody has noted the table yet;
-- `gone`: it is of a table that was dropped; `other`: of another spool, whose identity stands for the branch. And the holes, `hole` or `gap`, from (after_segment, after_page) to (segment, page).
-- And `stored`: which table that was when it was loaded last (list_tables.sql's identity stands for the branch).
-- at: when its newest page was fetched, of progress from before that was kept when it last moved; since when. Times are microseconds since 1970.
WITH here AS (
    SELECT pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid AS relation,
        pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid AS book
)
SELECT
    CASE
        WHEN p.schema_name OPERATOR(pg_catalog.=) '' THEN 'old'
        WHEN p.relation IS NULL OR p.book IS NULL OR p.book OPERATOR(pg_catalog.<>) here.book THEN 'moved'
        WHEN here.relation IS NOT NULL AND p.relation OPERATOR(pg_catalog.<>) here.relation THEN 'gone'
        ELSE 'own'
    END AS kind,
    p.branch, p.lane, p.segment, p.page, p.line, p.chain,
    (extract(epoch FROM coalesce(p.fetched, CASE WHEN p.branch OPERATOR(pg_catalog.=) '' AND p.segment OPERATOR(pg_catalog.>) 0
        THEN p.loaded_at END)) OPERATOR(pg_catalog.*) 1000000)::bigint AS at,
    0::bigint AS after_segment, 0::bigint AS after_page
FROM netty_sync.progress AS p
CROSS JOIN here
WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND p.table_name OPERATOR(pg_catalog.=) :'table_name' AND (p.schema_name OPERATOR(pg_catalog.=) :'schema' OR p.schema_name OPERATOR(pg_catalog.=) '')
UNION ALL
SELECT CASE WHEN h.gap THEN 'gap' ELSE 'hole' END, h.branch, 0, h.segment, h.page, 0, '',
    (extract(epoch FROM h.since) OPERATOR(pg_catalog.*) 1000000)::bigint, h.after_segment, h.after_page
FROM netty_sync.hole AS h
WHERE h.spool OPERATOR(pg_catalog.=) :'spool' AND h.table_name OPERATOR(pg_catalog.=) :'table_name' AND h.schema_name OPERATOR(pg_catalog.=) :'schema'
UNION ALL
(SELECT 'other', p.spool, 0, 0, 0, 0, '', (extract(epoch FROM p.loaded_at) OPERATOR(pg_catalog.*) 1000000)::bigint, 0, 0
FROM netty_sync.progress AS p
CROSS JOIN here
WHERE p.spool OPERATOR(pg_catalog.<>) :'spool' AND p.table_name OPERATOR(pg_catalog.=) :'table_name' AND p.schema_name OPERATOR(pg_catalog.=) :'schema'
    AND p.segment OPERATOR(pg_catalog.>) 0 AND p.relation OPERATOR(pg_catalog.=) here.relation
ORDER BY p.loaded_at DESC
LIMIT 1)
UNION ALL
SELECT 'stored', i.identity, 0, 0, 0, 0, '', NULL, 0, 0
FROM :stored_in AS i
WHERE i.spool OPERATOR(pg_catalog.=) :'spool' AND i.table_name OPERATOR(pg_catalog.=) :'table_name' AND i.schema_name OPERATOR(pg_catalog.=) :'schema'
ORDER BY segment, page;

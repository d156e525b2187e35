-- What is known of this spool's tables, each in its schema: the three arrays name them, one after the other. A row a lane (load/row/lane.h) and branch:
-- kind `own`; `old`: from before progress was kept a schema; `moved`: it came with a dump, or nobody has noted the table yet;
-- `gone`: it is of a table that was dropped; `other`: of another spool, whose identity stands for the branch. And the holes, `hole` or `gap`, from (after_segment, after_page) to (segment, page).
-- And `stored`: which table that was when it was loaded last (list_tables.sql's identity stands for the branch).
-- at: when its newest page was fetched, of progress from before that was kept when it last moved; since when. Times are microseconds since 1970.
WITH here AS (
    SELECT a.table_name, a.schema_name,
        pg_catalog.to_regclass(pg_catalog.format('%I.%I', a.schema_name, a.relation_name))::pg_catalog.oid AS relation,
        pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid AS book
    FROM ROWS FROM (
        pg_catalog.unnest(:'table_names'::pg_catalog.text[]), pg_catalog.unnest(:'schemas'::pg_catalog.text[]),
        pg_catalog.unnest(:'relations'::pg_catalog.text[])
    ) AS a (table_name, schema_name, relation_name)
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
    0::bigint AS after_segment, 0::bigint AS after_page, here.table_name
FROM here
JOIN netty_sync.progress AS p ON p.table_name OPERATOR(pg_catalog.=) here.table_name
WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND (p.schema_name OPERATOR(pg_catalog.=) here.schema_name OR p.schema_name OPERATOR(pg_catalog.=) '')
UNION ALL
SELECT CASE WHEN h.gap THEN 'gap' ELSE 'hole' END, h.branch, 0, h.segment, h.page, 0, '',
    (extract(epoch FROM h.since) OPERATOR(pg_catalog.*) 1000000)::bigint, h.after_segment, h.after_page, here.table_name
FROM here
JOIN netty_sync.hole AS h ON h.table_name OPERATOR(pg_catalog.=) here.table_name AND h.schema_name OPERATOR(pg_catalog.=) here.schema_name
WHERE h.spool OPERATOR(pg_catalog.=) :'spool'
UNION ALL
SELECT 'other', o.spool, 0, 0, 0, 0, '', (extract(epoch FROM o.loaded_at) OPERATOR(pg_catalog.*) 1000000)::bigint, 0, 0, here.table_name
FROM here
CROSS JOIN LATERAL (
    SELECT p.spool, p.loaded_at
    FROM netty_sync.progress AS p
    WHERE p.spool OPERATOR(pg_catalog.<>) :'spool' AND p.table_name OPERATOR(pg_catalog.=) here.table_name AND p.schema_name OPERATOR(pg_catalog.=) here.schema_name
        AND p.segment OPERATOR(pg_catalog.>) 0 AND p.relation OPERATOR(pg_catalog.=) here.relation
    ORDER BY p.loaded_at DESC
    LIMIT 1
) AS o
UNION ALL
SELECT 'stored', i.identity, 0, 0, 0, 0, '', NULL, 0, 0, here.table_name
FROM here
JOIN :stored_in AS i ON i.table_name OPERATOR(pg_catalog.=) here.table_name AND i.schema_name OPERATOR(pg_catalog.=) here.schema_name
WHERE i.spool OPERATOR(pg_catalog.=) :'spool'
ORDER BY segment, page;

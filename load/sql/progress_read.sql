-- How far this spool's table has been loaded into the schema, lane by lane (load/row/lane.h), without a lock: of the
-- branch that was loaded last. A lane without a row: not at all.
SELECT p.lane, p.segment, p.page, p.line, p.chain
FROM netty_sync.progress AS p
JOIN LATERAL (
    SELECT q.schema_name, q.branch
    FROM netty_sync.progress AS q
    WHERE q.spool OPERATOR(pg_catalog.=) :'spool' AND q.table_name OPERATOR(pg_catalog.=) :'table_name' AND (q.schema_name OPERATOR(pg_catalog.=) :'schema' OR q.schema_name OPERATOR(pg_catalog.=) '')
    ORDER BY pg_catalog.length(q.schema_name) DESC, q.loaded_at DESC
    LIMIT 1
) AS last ON p.schema_name OPERATOR(pg_catalog.=) last.schema_name AND p.branch OPERATOR(pg_catalog.=) last.branch
WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND p.table_name OPERATOR(pg_catalog.=) :'table_name';

-- Makes what is known of this spool's table the present table's, once: progress of no schema becomes this one's, if the table has
-- rows; what a dump brought takes the new numbers; that of a table that was dropped begins anew.
--
--   psql -v spool=ID -v table_name=contacts -v schema=public -v relation=netty-contacts -f load/sql/progress_adopt.sql
UPDATE netty_sync.progress AS p
SET schema_name = :'schema'
WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND p.schema_name OPERATOR(pg_catalog.=) '' AND p.table_name OPERATOR(pg_catalog.=) :'table_name'
    AND NOT EXISTS (
        SELECT
        FROM netty_sync.progress AS q
        WHERE q.spool OPERATOR(pg_catalog.=) :'spool' AND q.schema_name OPERATOR(pg_catalog.=) :'schema' AND q.table_name OPERATOR(pg_catalog.=) :'table_name'
    )
    AND EXISTS (SELECT FROM :"schema".:"relation");
WITH dropped AS (
    UPDATE netty_sync.progress AS p
    SET segment = 0, page = 0, line = 0, chain = '', fetched = NULL,
        relation = pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid
    WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND p.schema_name OPERATOR(pg_catalog.=) :'schema' AND p.table_name OPERATOR(pg_catalog.=) :'table_name'
        AND p.book OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid
        AND p.relation OPERATOR(pg_catalog.<>) pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid
    RETURNING 1
), pages AS (
    DELETE FROM netty_sync.loaded_page AS l
    WHERE l.spool OPERATOR(pg_catalog.=) :'spool' AND l.schema_name OPERATOR(pg_catalog.=) :'schema' AND l.table_name OPERATOR(pg_catalog.=) :'table_name' AND EXISTS (SELECT FROM dropped)
)
DELETE FROM netty_sync.hole AS h
WHERE h.spool OPERATOR(pg_catalog.=) :'spool' AND h.schema_name OPERATOR(pg_catalog.=) :'schema' AND h.table_name OPERATOR(pg_catalog.=) :'table_name' AND EXISTS (SELECT FROM dropped);
UPDATE netty_sync.progress AS p
SET relation = pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid,
    book = pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid
WHERE p.spool OPERATOR(pg_catalog.=) :'spool' AND p.schema_name OPERATOR(pg_catalog.=) :'schema' AND p.table_name OPERATOR(pg_catalog.=) :'table_name'
    AND (p.relation IS NULL OR p.book IS NULL OR p.book OPERATOR(pg_catalog.<>) pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid);

-- Takes the table's mark away (unchecked_note.sql): check has found it equal to what the spool holds. Only the mark of that time
-- is taken, so that a later one stays.
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -v at=0 -f load/sql/unchecked_drop.sql
DELETE FROM netty_sync.unchecked AS u
WHERE u.spool OPERATOR(pg_catalog.=) :'spool' AND u.schema_name OPERATOR(pg_catalog.=) :'schema'
    AND u.table_name OPERATOR(pg_catalog.=) :'table_name'
    AND (extract(epoch FROM u.since) OPERATOR(pg_catalog.*) 1000000)::bigint OPERATOR(pg_catalog.=) :'at'::bigint;

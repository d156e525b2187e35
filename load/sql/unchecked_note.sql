-- Marks a table that was emptied, made again or rewritten since it was loaded. The mark stays until check has found the table
-- equal to what the spool holds.
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -f load/sql/unchecked_note.sql
INSERT INTO netty_sync.unchecked (spool, schema_name, table_name)
VALUES (:'spool', :'schema', :'table_name')
ON CONFLICT (spool, schema_name, table_name) DO UPDATE SET since = pg_catalog.now();

-- Which table this spool's table was loaded into the last time: its oid and storage file (list_tables.sql's identity).
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -f load/sql/stored_in_read.sql
SELECT identity
FROM netty_sync.stored_in
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema'
    AND table_name OPERATOR(pg_catalog.=) :'table_name';

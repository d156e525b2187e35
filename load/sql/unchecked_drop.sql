-- check has found the table equal to what the spool holds, as it was marked at that time.
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -v at=0 -f load/sql/unchecked_drop.sql
DELETE FROM netty_sync.unchecked AS u
WHERE u.spool OPERATOR(pg_catalog.=) :'spool' AND u.schema_name OPERATOR(pg_catalog.=) :'schema'
    AND u.table_name OPERATOR(pg_catalog.=) :'table_name'
    AND (extract(epoch FROM u.since) OPERATOR(pg_catalog.*) 1000000)::bigint OPERATOR(pg_catalog.=) :'at'::bigint;

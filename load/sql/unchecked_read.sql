-- Since when the table is marked (unchecked_note.sql): as text, in UTC, and in microseconds since 1970. No row: it is not.
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -f load/sql/unchecked_read.sql
SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', u.since), 'YYYY-MM-DD HH24:MI') AS since,
    (extract(epoch FROM u.since) OPERATOR(pg_catalog.*) 1000000)::bigint AS at
FROM netty_sync.unchecked AS u
WHERE u.spool OPERATOR(pg_catalog.=) :'spool' AND u.schema_name OPERATOR(pg_catalog.=) :'schema'
    AND u.table_name OPERATOR(pg_catalog.=) :'table_name';

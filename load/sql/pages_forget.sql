-- Forgets loaded pages that are so many segments old that no backup will ask for them. Runs with the first page of a segment.
--
--   psql ... -v spool=ID -v table_name=contacts -v schema=public -v branch= -v segment=200 -f load/sql/pages_forget.sql
DELETE FROM netty_sync.loaded_page
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema'
    AND table_name OPERATOR(pg_catalog.=) :'table_name' AND branch OPERATOR(pg_catalog.=) :'branch'
    AND segment OPERATOR(pg_catalog.<) (:'segment'::bigint OPERATOR(pg_catalog.-) 100);

-- Takes pages off the list of holes (hole_store.sql): they have been loaded, or healed.
--
--   psql ... -v spool=ID -v table_name=contacts -v schema=public -v branch= -v segment=3 -v page=7 -f load/sql/hole_close.sql
DELETE FROM netty_sync.hole
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema' AND table_name OPERATOR(pg_catalog.=) :'table_name' AND branch OPERATOR(pg_catalog.=) :'branch'
    AND segment OPERATOR(pg_catalog.=) :'segment'::bigint AND page OPERATOR(pg_catalog.=) :'page'::bigint;

-- Notes a hole: pages that could not be read when it was their turn. They stand behind (after_segment, after_page), up to and
-- including (segment, page). gap: the spool does not hold them any more.
--
--   psql ... -v spool=ID -v table_name=contacts -v schema=public -v branch= -v segment=3 -v page=7 -v after_segment=3 \
--        -v after_page=6 -v gap=false -v why='…' -f load/sql/hole_store.sql
INSERT INTO netty_sync.hole (spool, schema_name, table_name, branch, segment, page, after_segment, after_page, gap, why)
VALUES (:'spool', :'schema', :'table_name', :'branch', :'segment'::bigint, :'page'::bigint, :'after_segment'::bigint,
    :'after_page'::bigint, :'gap'::boolean, :'why')
ON CONFLICT (spool, schema_name, table_name, branch, segment, page) DO NOTHING;

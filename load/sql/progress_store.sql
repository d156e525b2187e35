-- What the transaction has loaded, to commit with it; never backward (line 0 is the whole page). The
-- rows are there: progress_make.sql made them.
--
--   psql ... -v spool=ID -v table_name=contacts -v lanes='{0,1,2,3}' -v segment=1 -v page=3 -v line=0 \
--        -f load/sql/progress_store.sql -c COMMIT
UPDATE netty_sync.progress
SET segment = :'segment'::bigint, page = :'page'::bigint, line = :'line'::bigint, loaded_at = pg_catalog.now()
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name'
    AND lane OPERATOR(pg_catalog.=) ANY (:'lanes'::smallint[])
    AND ROW(segment, page, CASE WHEN line OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE line END)
        OPERATOR(pg_catalog.<) ROW(:'segment'::bigint, :'page'::bigint,
            CASE WHEN :'line'::bigint OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE :'line'::bigint END);

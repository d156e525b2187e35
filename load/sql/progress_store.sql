-- What the transaction has loaded, to commit with it; never backward (line 0 is the whole page). The
-- rows are there: progress_make.sql made them.
--
--   psql ... -v spool=ID -v table_name=contacts -v lanes='{0,1,2,3}' -v segment=1 -v page=3 -v line=0 \
--        -f load/sql/progress_store.sql -c COMMIT
UPDATE netty_sync.progress
SET segment = :'segment'::bigint, page = :'page'::bigint, line = :'line'::bigint, loaded_at = now()
WHERE spool = :'spool' AND table_name = :'table_name' AND lane = ANY (:'lanes'::smallint[])
    AND (segment, page, coalesce(nullif(line, 0), 9223372036854775807))
        < (:'segment'::bigint, :'page'::bigint, coalesce(nullif(:'line'::bigint, 0), 9223372036854775807));

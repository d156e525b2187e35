-- What the transaction has loaded, to commit with it; never backward (line 0 is the whole page). The
-- rows are there: progress_make.sql made them. chain: which page that is; fetched: when its newest page was, in
-- microseconds since 1970.
--
--   psql ... -v spool=ID -v table_name=contacts -v schema=public -v branch= -v lanes='{0,1,2,3}' \
--        -v segment=1 -v page=3 -v line=0 -v chain=0123456789abcdef -v fetched=1767225600000000 \
--        -f load/sql/progress_store.sql -c COMMIT
UPDATE netty_sync.progress
SET segment = :'segment'::bigint, page = :'page'::bigint, line = :'line'::bigint, chain = :'chain', loaded_at = pg_catalog.now(),
    fetched = greatest(fetched, pg_catalog.to_timestamp(:fetched::bigint OPERATOR(pg_catalog./) 1000000.0::pg_catalog.float8))
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema' AND table_name OPERATOR(pg_catalog.=) :'table_name' AND branch OPERATOR(pg_catalog.=) :'branch'
    AND lane OPERATOR(pg_catalog.=) ANY (:'lanes'::smallint[])
    AND ROW(segment, page, CASE WHEN line OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE line END)
        OPERATOR(pg_catalog.<) ROW(:'segment'::bigint, :'page'::bigint,
            CASE WHEN :'line'::bigint OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE :'line'::bigint END);

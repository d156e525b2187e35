-- How far these lanes (load/row/lane.h) of this spool's table have been loaded, locked until the
-- transaction ends: whoever else loads them waits here, and then sees what was done. version is the transaction
-- that wrote it last (32 bits), own the one that runs. wait: NOWAIT, and whoever comes second is refused (55P03) in place of waiting.
--
--   psql -v spool=ID -v table_name=contacts -v schema=public -v branch= -v lanes='{0,1,2,3}' -v wait= \
--        -f load/sql/begin.sql -f load/sql/progress_make.sql -f load/sql/progress_lock.sql ...
SELECT lane, segment, page, line, chain, xmin AS version, pg_catalog.txid_current() AS own
FROM netty_sync.progress
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema' AND table_name OPERATOR(pg_catalog.=) :'table_name' AND branch OPERATOR(pg_catalog.=) :'branch'
    AND lane OPERATOR(pg_catalog.=) ANY (:'lanes'::smallint[])
ORDER BY lane
FOR UPDATE :wait;

-- Reads how far these lanes (load/row/lane.h) of this spool's table have been loaded, and locks them until the transaction ends.
-- Whoever else loads them waits here, and then sees what was done. version is the transaction that wrote the lane last, own the
-- one that runs (32 bits each). wait: '' waits; NOWAIT refuses whoever comes second (55P03).
--
--   psql -v spool=ID -v table_name=contacts -v schema=public -v branch= -v lanes='{0,1,2,3}' -v wait= \
--        -f load/sql/begin.sql -f load/sql/progress_make.sql -f load/sql/progress_lock.sql ...
SELECT lane, segment, page, line, chain, xmin AS version, pg_catalog.txid_current() AS own
FROM netty_sync.progress
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND schema_name OPERATOR(pg_catalog.=) :'schema' AND table_name OPERATOR(pg_catalog.=) :'table_name' AND branch OPERATOR(pg_catalog.=) :'branch'
    AND lane OPERATOR(pg_catalog.=) ANY (:'lanes'::smallint[])
ORDER BY lane
FOR UPDATE :wait;

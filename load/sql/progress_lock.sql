-- How far this spool's table has been loaded, locked until the transaction ends: whoever else loads
-- it waits here, and then sees what was done.
--
--   psql -v spool=ID -v table_name=contacts -f load/sql/begin.sql -f load/sql/progress_lock.sql ...
INSERT INTO netty_sync.progress (spool, table_name)
VALUES (:'spool', :'table_name')
ON CONFLICT (spool, table_name) DO NOTHING;
SELECT segment, page, line
FROM netty_sync.progress
WHERE spool = :'spool' AND table_name = :'table_name'
FOR UPDATE;

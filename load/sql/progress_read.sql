-- How far this spool's table has been loaded, lane by lane (load/row/lane.h), without a lock: for a
-- first look, and for --dry-run. A lane without a row: not at all.
SELECT lane, segment, page, line
FROM netty_sync.progress
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name';

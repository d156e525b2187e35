-- How far this spool's table ($1, $2) has been loaded, without a lock: for a first look, and for --dry-run.
-- No row: not at all.
SELECT segment, page, line
FROM netty_sync.progress
WHERE spool = $1 AND table_name = $2;

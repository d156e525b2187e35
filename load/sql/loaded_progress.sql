-- How far this spool ($1) has been loaded, table by table, in whole pages, in all lanes (load/row/lane.h).
SELECT DISTINCT ON (table_name)
    table_name, segment, CASE WHEN line = 0 OR page = 0 THEN page ELSE page - 1 END AS page
FROM netty_sync.progress
WHERE spool = $1
ORDER BY table_name, segment, page, coalesce(nullif(line, 0), 9223372036854775807);

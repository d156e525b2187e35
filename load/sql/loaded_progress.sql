-- How far this spool has been loaded, table by table, in whole pages, in all lanes (load/row/lane.h).
SELECT DISTINCT ON (table_name)
    table_name, segment, CASE WHEN line OPERATOR(pg_catalog.=) 0
        OR page OPERATOR(pg_catalog.=) 0 THEN page ELSE page OPERATOR(pg_catalog.-) 1 END AS page
FROM netty_sync.progress
WHERE spool OPERATOR(pg_catalog.=) :'spool'
ORDER BY table_name, segment, page, CASE WHEN line OPERATOR(pg_catalog.=) 0 THEN 9223372036854775807 ELSE line END;

-- Who has what a view's statements wait for: the turn (view_lock.sql), the view, or the table for itself alone; whoever has had it for
-- longest. What others' rights hide is null.
--
--   psql -v turn=7954892360421172323 -v schema=netty -v view=contacts -v table_schema=public -v relation=netty-contacts -f load/sql/view_holder.sql
SELECT
    h.pid,
    h.usename,
    h.application_name,
    h.state,
    CAST(pg_catalog.date_part('epoch', pg_catalog.now() OPERATOR(pg_catalog.-) h.xact_start) AS pg_catalog.int8) AS seconds
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS h ON h.pid OPERATOR(pg_catalog.=) l.pid
WHERE l.granted
    AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
    AND h.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
    AND CASE
        WHEN l.locktype OPERATOR(pg_catalog.=) 'advisory' THEN l.objsubid OPERATOR(pg_catalog.=) 1::pg_catalog.int2
            AND ((CAST(l.classid AS pg_catalog.int8) OPERATOR(pg_catalog.<<) 32) OPERATOR(pg_catalog.|) CAST(l.objid AS pg_catalog.int8))
            OPERATOR(pg_catalog.=) CAST(:'turn' AS pg_catalog.int8)
        WHEN l.locktype OPERATOR(pg_catalog.=) 'relation' THEN l.relation OPERATOR(pg_catalog.=) CAST(pg_catalog.to_regclass(
            pg_catalog.format('%I.%I', :'schema', :'view')) AS pg_catalog.oid)
            OR (l.relation OPERATOR(pg_catalog.=) CAST(pg_catalog.to_regclass(
                pg_catalog.format('%I.%I', :'table_schema', :'relation')) AS pg_catalog.oid)
            AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock')
    END
ORDER BY l.locktype OPERATOR(pg_catalog.=) 'advisory' DESC, h.xact_start
LIMIT 1;

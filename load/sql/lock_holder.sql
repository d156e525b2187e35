-- Who holds the lock that the loader's statement waits for which has the tag in it ("/* netty-load contacts */"): found by
-- its text, since behind a pooler a connection does not know its server's process. What others' rights hide is null.
--
--   psql -v tag='/* netty-load contacts */' -f load/sql/lock_holder.sql
SELECT
    h.pid,
    h.usename,
    h.application_name,
    h.state,
    CAST(pg_catalog.date_part('epoch', pg_catalog.now() OPERATOR(pg_catalog.-) h.xact_start) AS pg_catalog.int8) AS seconds
FROM pg_catalog.pg_stat_activity AS w
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b (pid)
JOIN pg_catalog.pg_stat_activity AS h ON h.pid OPERATOR(pg_catalog.=) b.pid
WHERE w.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
    AND w.wait_event_type OPERATOR(pg_catalog.=) 'Lock'
    AND pg_catalog.strpos(w.query, :'tag') OPERATOR(pg_catalog.>) 0
ORDER BY h.xact_start
LIMIT 1;

-- In the transaction that makes a view: whose turn it is (true: ours), for whoever else makes one waits. No lock is waited for longer
-- than five seconds, for those that come to read the view meanwhile would stand in line behind it.
--
--   psql -1 -v turn=7954892360421172323 -f load/sql/view_lock.sql -f ...
SELECT pg_catalog.set_config('lock_timeout', '5s', true)
FROM (SELECT CAST(pg_catalog.date_part('epoch', CAST(pg_catalog.current_setting('lock_timeout') AS pg_catalog.interval))
    AS pg_catalog.float8) AS seconds) AS l
WHERE l.seconds OPERATOR(pg_catalog.=) 0 OR l.seconds OPERATOR(pg_catalog.>) 5;
SELECT pg_catalog.pg_try_advisory_xact_lock(CAST(:'turn' AS pg_catalog.int8));

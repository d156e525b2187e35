-- Before a view's statements are tried for the first time: a place to come back to, and hardly any patience, so that whoever holds
-- a lock can be named before that lock is waited for.
--
--   psql -1 -f load/sql/view_lock.sql -f load/sql/view_try.sql -f ...
SAVEPOINT netty_tried;
SELECT pg_catalog.set_config('lock_timeout', '200ms', true)
FROM (SELECT CAST(pg_catalog.date_part('epoch', CAST(pg_catalog.current_setting('lock_timeout') AS pg_catalog.interval))
    AS pg_catalog.float8) AS seconds) AS l
WHERE l.seconds OPERATOR(pg_catalog.>) 0.2;

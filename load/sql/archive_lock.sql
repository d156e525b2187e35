-- Locks the look at an archive and the making of what is missing: one session does that at a time, and no lock is waited for long.
--
--   psql -1 -f load/sql/archive_lock.sql ...
SET LOCAL lock_timeout = '5s';
SELECT pg_catalog.pg_advisory_xact_lock(7954892360421172323);

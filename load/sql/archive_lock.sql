-- One at a time looks at archives and makes what is missing, and nobody is kept waiting by it for long.
--
--   psql -1 -f load/sql/archive_lock.sql ...
SET LOCAL lock_timeout = '5s';
SELECT pg_catalog.pg_advisory_xact_lock(7954892360421172323);

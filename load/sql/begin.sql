-- Begins a transaction of the loader. One that reads what others committed meanwhile, whatever the
-- role's default is: a waiting loader must see the progress that the one before it left. Records are
-- UTF-8. The planner has no statistics on a batch: it would compile the statement and scan whole tables.
-- The path is for what is called on the way without being named here: nobody else's function or operator is found on it.
-- Triggers, policies and constraints of the tables run with it, too.
--
--   psql -f load/sql/begin.sql -f ... -c COMMIT
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL jit = off;
SET LOCAL enable_seqscan = off;

-- Begins a look at the database that sees one state of it, and changes nothing.
--
--   psql -f load/sql/inspect_begin.sql -f ... -c COMMIT
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL jit = off;

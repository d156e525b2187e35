-- Removes an index that a failure left half made.
--
--   psql -v schema=public -v name=netty-contacts_i -f load/sql/index_drop.sql
DROP INDEX CONCURRENTLY IF EXISTS :"schema".:"name";

-- Makes an index by the time, by which the loader goes and most who ask. Nobody is kept from
-- reading and writing meanwhile. Not within a transaction; where it fails an invalid index is left.
--
--   psql -v schema=public -v relation=netty-contacts -v name=netty-contacts_i -f load/sql/index_time.sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS :"name" ON :"schema".:"relation" USING btree (time_modified);

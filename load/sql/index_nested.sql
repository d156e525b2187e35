-- Makes an index of a member that is an object or array: data->'member' @> '...'. Nobody is kept from
-- reading and writing meanwhile. Not within a transaction; where it fails an invalid index is left.
--
--   psql -v schema=public -v relation=netty-contacts -v name=netty-contacts_i -v expression="data->'tags'" -f load/sql/index_nested.sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS :"name"
    ON :"schema".:"relation" USING gin ((:expression) pg_catalog.jsonb_path_ops);

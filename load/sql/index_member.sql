-- Makes an index by a member's value, as text or as a view's column has it: =, IN, <, ORDER BY. Nobody is kept from
-- reading and writing meanwhile. Not within a transaction; where it fails an invalid index is left.
--
--   psql -v schema=public -v relation=netty-contacts -v name=netty-contacts_i -v expression="data->>'email'" -f load/sql/index_member.sql
CREATE INDEX CONCURRENTLY IF NOT EXISTS :"name"
    ON :"schema".:"relation" USING btree ((:expression));

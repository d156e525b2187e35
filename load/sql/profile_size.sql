-- What one pass over a table will read: one row.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/profile_size.sql
SELECT
    pg_catalog.floor(greatest(c.reltuples, 0))::bigint AS rows,
    pg_catalog.pg_table_size(c.oid) AS bytes
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation';

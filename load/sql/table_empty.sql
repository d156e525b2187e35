-- Has the table no row?
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/table_empty.sql
SELECT NOT EXISTS (SELECT FROM :"schema".:"relation") AS empty;

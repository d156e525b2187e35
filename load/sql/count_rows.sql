-- How many rows a table has. Reads the whole of it, or of an index.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/count_rows.sql
SELECT pg_catalog.count(*) AS rows
FROM :"schema".:"relation";

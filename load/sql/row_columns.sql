-- The columns of a netty-* table that a row brings with it, quoted, as a list: those that are not computed.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/row_columns.sql
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname = :'schema' AND c.relname = :'relation';

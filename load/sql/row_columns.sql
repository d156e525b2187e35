-- The columns of a netty-* table that a row brings with it, quoted, as a list: those that are not computed.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/row_columns.sql
SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped AND a.attgenerated OPERATOR(pg_catalog.=) ''
WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation';

-- Where pg_stat_statements is, quoted, or null: not installed in this database.
--
--   psql -f load/sql/suggest_where.sql
SELECT pg_catalog.format('%I.pg_stat_statements', n.nspname) AS source
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
WHERE e.extname OPERATOR(pg_catalog.=) 'pg_stat_statements';

-- Where pg_stat_statements is, quoted, or null: not installed in this database.
--
--   psql -f load/sql/suggest_where.sql
SELECT format('%I.pg_stat_statements', n.nspname) AS source
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements';

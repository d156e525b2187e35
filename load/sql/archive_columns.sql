-- The columns that a row keeps on its way between a netty-* table and its archive, quoted, as a list:
-- those that both have and that are not computed. Null where there is no archive of netty-load's.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/archive_columns.sql
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS k ON k.relnamespace = c.relnamespace AND k.relname = c.relname || '-archive'
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
JOIN pg_catalog.pg_attribute AS b
    ON b.attrelid = k.oid AND b.attname = a.attname AND NOT b.attisdropped AND b.attgenerated = ''
WHERE n.nspname = :'schema' AND c.relname = :'relation'
    AND starts_with(obj_description(k.oid, 'pg_class'), 'netty-load: archive of ');

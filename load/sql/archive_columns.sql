-- The columns that a row keeps on its way between a netty-* table and its archive, quoted, as a list:
-- those that both have and that are not computed. Null where there is no archive of netty-load's.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/archive_columns.sql
SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
JOIN pg_catalog.pg_class AS k ON k.relnamespace OPERATOR(pg_catalog.=) c.relnamespace
    AND k.relname OPERATOR(pg_catalog.=) (c.relname OPERATOR(pg_catalog.||) '-archive')
JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped AND a.attgenerated OPERATOR(pg_catalog.=) ''
JOIN pg_catalog.pg_attribute AS b
    ON b.attrelid OPERATOR(pg_catalog.=) k.oid AND b.attname OPERATOR(pg_catalog.=) a.attname AND NOT b.attisdropped
        AND b.attgenerated OPERATOR(pg_catalog.=) ''
WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation'
    AND pg_catalog.starts_with(pg_catalog.obj_description(k.oid, 'pg_class'), 'netty-load: archive of ');

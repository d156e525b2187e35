-- A table's compression of data, and whether the server has lz4: one row.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/compress_look.sql
SELECT
    coalesce((SELECT 'lz4' OPERATOR(pg_catalog.=) ANY (s.enumvals) FROM pg_catalog.pg_settings AS s
        WHERE s.name OPERATOR(pg_catalog.=) 'default_toast_compression'), false) AS has_lz4,
    coalesce((SELECT CASE
        WHEN pg_catalog.to_jsonb(a) OPERATOR(pg_catalog.->>) 'attcompression' OPERATOR(pg_catalog.=) 'l' THEN 'lz4'
            WHEN pg_catalog.to_jsonb(a) OPERATOR(pg_catalog.->>) 'attcompression' OPERATOR(pg_catalog.=) 'p'
                THEN 'pglz' END
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) 'data'),
            'default') AS compression,
    pg_catalog.pg_table_size(c.oid) AS size
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation';

-- A table's compression of data, and whether the server has lz4: one row.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/compress_look.sql
SELECT
    coalesce((SELECT 'lz4' = ANY (s.enumvals) FROM pg_catalog.pg_settings AS s
        WHERE s.name = 'default_toast_compression'), false) AS has_lz4,
    coalesce((SELECT CASE to_jsonb(a)->>'attcompression' WHEN 'l' THEN 'lz4' WHEN 'p' THEN 'pglz' END
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attname = 'data'), 'default') AS compression,
    pg_table_size(c.oid) AS size
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = :'schema' AND c.relname = :'relation';

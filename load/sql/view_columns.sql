-- The columns of a view that netty-load has made, in their order, and what each says of itself (load/profile/view_mark.h). No row where
-- there is no such view.
--
--   psql -v schema=netty -v view=contacts -f load/sql/view_columns.sql
SELECT a.attname AS name, pg_catalog.col_description(c.oid, a.attnum::integer) AS mark
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped
WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'view'
    AND c.relkind OPERATOR(pg_catalog.=) 'v'
    AND pg_catalog.starts_with(pg_catalog.obj_description(c.oid, 'pg_class'), 'netty-load: view of ')
ORDER BY a.attnum;

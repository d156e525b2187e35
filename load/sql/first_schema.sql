-- The first schema of search_path that exists and has no views of netty-load's, as text, or ''. Their schema may be called like the role,
-- which stands first on the path. A part of create_table.sql and check.sql, where it is :first_schema.
(SELECT coalesce((
    SELECT p.name::pg_catalog.text
    FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS p (name, place)
    WHERE NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS v
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) v.relnamespace
        WHERE n.nspname OPERATOR(pg_catalog.=) p.name AND v.relkind OPERATOR(pg_catalog.=) 'v'
            AND pg_catalog.starts_with(pg_catalog.obj_description(v.oid, 'pg_class'), 'netty-load: view of ')
            AND pg_catalog.obj_description(v.oid, 'pg_class') OPERATOR(pg_catalog.!~~) '% and its archive')
    ORDER BY p.place
    LIMIT 1
), pg_catalog.current_schema()::pg_catalog.text, ''))

-- What netty-load doctor asks of the database as a whole: one row.
--
--   psql -x -v schema= -v first_schema="$(cat load/sql/first_schema.sql)" -f load/sql/check.sql
SELECT
    pg_catalog.current_setting('server_version') AS version,
    pg_catalog.current_setting('server_version_num') AS version_num,
    pg_catalog.current_setting('server_encoding') AS encoding,
    pg_catalog.current_setting('statement_timeout') AS time_limit,
    (SELECT setting FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'statement_timeout') AS time_limit_ms,
    pg_catalog.pg_is_in_recovery() AS standby,
    pg_catalog.current_setting('default_transaction_read_only') OPERATOR(pg_catalog.=) 'on' AS read_only,
    pg_catalog.pg_backend_pid() AS backend,
    current_user AS role,
    pg_catalog.current_database() AS database,
    s.nspname AS first_schema,
    pg_catalog.has_schema_privilege(s.oid, 'CREATE') AS may_create_table,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS may_use_temporary,
    CASE
        WHEN n.oid IS NULL THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
        WHEN c.oid IS NULL THEN pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')
        ELSE pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_class AS k
            CROSS JOIN pg_catalog.unnest('{SELECT,INSERT,UPDATE}'::pg_catalog.text[]) AS p (name)
            WHERE k.relnamespace OPERATOR(pg_catalog.=) n.oid
                AND k.relname OPERATOR(pg_catalog.=) ANY ('{progress,loaded_page,hole}'::pg_catalog.name[])
                AND NOT pg_catalog.has_table_privilege(k.oid, p.name))
    END AS may_keep_progress,
    c.oid IS NOT NULL AS progress_there,
    n.oid IS NOT NULL AS schema_there
FROM (VALUES (1)) AS one (row)
LEFT JOIN pg_catalog.pg_namespace AS s ON s.nspname OPERATOR(pg_catalog.=) CASE
    WHEN :'schema' OPERATOR(pg_catalog.=) '' THEN :first_schema::pg_catalog.name ELSE :'schema'::pg_catalog.name END
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) 'netty_sync'
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
    AND c.relname OPERATOR(pg_catalog.=) 'progress';

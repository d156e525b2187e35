-- What netty-load --check asks of the database as a whole: one row.
--
--   psql -x -f load/sql/check.sql
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num') AS version_num,
    current_setting('server_encoding') AS encoding,
    current_setting('statement_timeout') AS time_limit,
    (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'statement_timeout') AS time_limit_ms,
    pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only') = 'on' AS read_only,
    pg_backend_pid() AS backend,
    current_user AS role,
    current_database() AS database,
    current_schema() AS first_schema,
    has_schema_privilege(current_schema(), 'CREATE') AS may_create_table,
    has_database_privilege(current_database(), 'TEMPORARY') AS may_use_temporary,
    CASE
        WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
        WHEN c.oid IS NULL THEN has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE')
        ELSE has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
            AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
    END AS may_keep_progress,
    c.oid IS NOT NULL AS progress_there
FROM (VALUES (1)) AS one (row)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = 'netty_sync'
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'progress';

-- What could be better at netty-* tables that can be loaded: a row for each hint, with what to do.
--
--   psql -f load/sql/check_tables.sql
SELECT substr(c.relname, length('netty-') + 1) AS table_name, hint.text AS hint
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_stat_user_tables s ON s.relid = c.oid
CROSS JOIN LATERAL (
    SELECT format('no index on time_modified: to find the greatest, all of its %s rows are read once a day; '
        'CREATE INDEX CONCURRENTLY ON %s (time_modified)', c.reltuples::bigint, c.oid::regclass)
    WHERE c.reltuples >= 100000 AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisvalid AND a.attname = 'time_modified')
    UNION ALL
    SELECT format('autovacuum is off for it, so that replaced rows stay for ever; '
        'ALTER TABLE %s RESET (autovacuum_enabled)', c.oid::regclass)
    WHERE EXISTS (
        SELECT FROM pg_options_to_table(c.reloptions)
        WHERE option_name = 'autovacuum_enabled' AND NOT option_value::boolean)
    UNION ALL
    SELECT format('%s of its %s updates had to write to its indexes too; '
        'ALTER TABLE %s SET (fillfactor = 80), then VACUUM FULL it once',
        s.n_tup_upd - s.n_tup_hot_upd, s.n_tup_upd, c.oid::regclass)
    WHERE s.n_tup_upd > 10000 AND s.n_tup_hot_upd < s.n_tup_upd / 2
        AND NOT EXISTS (
            SELECT FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor')
) AS hint (text)
WHERE c.relkind = 'r' AND starts_with(c.relname, 'netty-') AND pg_table_is_visible(c.oid)
    AND NOT coalesce(starts_with(obj_description(c.oid, 'pg_class'), 'netty-load: archive of '), false)
ORDER BY 1, 2;

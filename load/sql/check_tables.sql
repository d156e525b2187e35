-- What could be better at netty-* tables that can be loaded: a row for each hint, with what to do.
--
--   psql -f load/sql/check_tables.sql
SELECT substr(c.relname, length('netty-') + 1) AS table_name, hint.text AS hint
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_stat_user_tables s ON s.relid = c.oid
CROSS JOIN LATERAL (
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
ORDER BY 1, 2;

-- What could be better at netty-* tables that can be loaded: a row for each hint, with what to do.
--
--   psql -v oids='{16385}' -f load/sql/check_tables.sql
SELECT pg_catalog.substr(c.relname, pg_catalog.length('netty-') OPERATOR(pg_catalog.+) 1) AS table_name,
    hint.text AS hint
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_stat_user_tables s ON s.relid OPERATOR(pg_catalog.=) c.oid
CROSS JOIN LATERAL (
    SELECT pg_catalog.format('no index on time_modified: to find the greatest, all of its %s rows are read once a day; '
        'CREATE INDEX CONCURRENTLY ON %s (time_modified)', c.reltuples::bigint, c.oid::pg_catalog.regclass)
    WHERE c.reltuples OPERATOR(pg_catalog.>=) 100000 AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
            AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0]
        WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid
            AND a.attname OPERATOR(pg_catalog.=) 'time_modified')
    UNION ALL
    SELECT pg_catalog.format('autovacuum is off for it, so that replaced rows stay for ever; '
        'ALTER TABLE %s RESET (autovacuum_enabled)', c.oid::pg_catalog.regclass)
    WHERE EXISTS (
        SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
        WHERE option_name OPERATOR(pg_catalog.=) 'autovacuum_enabled' AND NOT option_value::boolean)
    UNION ALL
    SELECT pg_catalog.format('%s of its %s updates had to write to its indexes too; '
        'ALTER TABLE %s SET (fillfactor = 80), then VACUUM FULL it once',
        s.n_tup_upd OPERATOR(pg_catalog.-) s.n_tup_hot_upd, s.n_tup_upd, c.oid::pg_catalog.regclass)
    WHERE s.n_tup_upd OPERATOR(pg_catalog.>) 10000
        AND s.n_tup_hot_upd OPERATOR(pg_catalog.<) (s.n_tup_upd OPERATOR(pg_catalog./) 2)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_options_to_table(c.reloptions)
                WHERE option_name OPERATOR(pg_catalog.=) 'fillfactor')
    UNION ALL
    SELECT pg_catalog.format('the foreign key %I of %s changes rows there when rows here are purged or archived, which refuse it; '
        'ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', k.conname, k.conrelid::pg_catalog.regclass,
        k.conrelid::pg_catalog.regclass, k.conname, k.conname, pg_catalog.regexp_replace(
            pg_catalog.pg_get_constraintdef(k.oid), ' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', ''))
    FROM pg_catalog.pg_constraint AS k
    WHERE k.confrelid OPERATOR(pg_catalog.=) c.oid AND k.contype OPERATOR(pg_catalog.=) 'f'
        AND k.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid
        AND k.confdeltype OPERATOR(pg_catalog.=) ANY ('{c,n,d}'::pg_catalog."char"[])
) AS hint (text)
WHERE c.relkind OPERATOR(pg_catalog.=) 'r' AND c.oid OPERATOR(pg_catalog.=) ANY (:'oids'::pg_catalog.oid[])
    AND NOT coalesce(pg_catalog.starts_with(pg_catalog.obj_description(c.oid, 'pg_class'), 'netty-load: archive of '),
        false)
ORDER BY 1, 2;

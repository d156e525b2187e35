-- A table's room and indexes: rows state, finding. Bloat is estimated from the planner's statistics, which
-- need no extension and may be some percent off.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/inspect_table.sql
WITH this AS (
    SELECT c.oid, c.relkind, c.reltuples, pg_relation_size(c.oid) AS heap, pg_total_relation_size(c.oid) AS total,
        pg_indexes_size(c.oid) AS indexes, s.n_dead_tup, s.n_live_tup, format('%I.%I', n.nspname, c.relname) AS name,
        coalesce((SELECT o.option_value::numeric FROM pg_options_to_table(c.reloptions) AS o
            WHERE o.option_name = 'fillfactor'), 100) AS fill,
        (SELECT sum(w.avg_width * (1 - w.null_frac)) FROM pg_catalog.pg_stats AS w
            WHERE w.schemaname = n.nspname AND w.tablename = c.relname AND NOT w.inherited) AS width
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_user_tables AS s ON s.relid = c.oid
    WHERE n.nspname = :'schema' AND c.relname = :'relation'
), bloat AS (
    SELECT t.*, greatest(t.heap - ceil(t.reltuples * (28 + t.width + 4) / (8168 * t.fill / 100)) * 8192, 0)::bigint AS waste
    FROM this AS t
    WHERE t.relkind = 'r'
), indexes AS (
    SELECT format('%I', x.relname) AS name, format('%I.%I', n.nspname, x.relname) AS full_name, i.indisvalid,
        i.indisunique, coalesce(s.idx_scan, 0) AS scans, pg_relation_size(x.oid) AS size,
        (SELECT d.stats_reset FROM pg_catalog.pg_stat_database AS d WHERE d.datname = current_database()) AS since
    FROM this AS t
    JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
    JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
    LEFT JOIN pg_catalog.pg_stat_user_indexes AS s ON s.indexrelid = x.oid
), findings (place, state, finding) AS (
    SELECT 1, 'change', 'was never analysed, so that nobody can tell how much of it is empty; ANALYZE ' || b.name
    FROM bloat AS b
    WHERE b.width IS NULL AND b.heap > 1048576
    UNION ALL
    SELECT 1, CASE WHEN b.waste > 10485760 AND b.waste > b.heap / 2 THEN 'change' ELSE 'ok' END,
        format('%s with indexes and large values; about %s of its own %s are empty', pg_size_pretty(b.total),
            pg_size_pretty(b.waste), pg_size_pretty(b.heap))
            || CASE WHEN b.waste > 10485760 AND b.waste > b.heap / 2
                THEN format('; VACUUM FULL %s gives it back, and locks the table meanwhile', b.name) ELSE '' END
    FROM bloat AS b
    WHERE b.width IS NOT NULL
    UNION ALL
    SELECT 2, 'change', format('%s dead rows wait for vacuum beside %s living ones; VACUUM %s, or look for '
        'transactions and replication slots that hold it back', b.n_dead_tup, b.n_live_tup, b.name)
    FROM bloat AS b
    WHERE b.n_dead_tup > 10000 AND b.n_dead_tup > b.n_live_tup / 4
    UNION ALL
    SELECT 3, CASE WHEN NOT i.indisvalid THEN 'wrong' WHEN i.scans = 0 AND NOT i.indisunique AND i.size > 1048576
            THEN 'change' ELSE 'ok' END,
        CASE WHEN NOT i.indisvalid THEN format('index %s is invalid: its making failed, and nobody uses it; '
                'DROP INDEX CONCURRENTLY %s, then make it again', i.name, i.full_name)
            WHEN i.scans = 0 AND NOT i.indisunique AND i.size > 1048576
            THEN format('index %s (%s) was not used once since %s; if it stays so, DROP INDEX CONCURRENTLY %s', i.name,
                pg_size_pretty(i.size), coalesce(i.since::text, 'the database was made'), i.full_name)
            ELSE format('index %s (%s) was used %s times', i.name, pg_size_pretty(i.size), i.scans) END
    FROM indexes AS i
)
SELECT f.state, f.finding
FROM findings AS f
ORDER BY f.place, f.finding;

-- A table's room and indexes: rows state, finding. Bloat is estimated from the planner's statistics, which
-- need no extension and may be some percent off.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/inspect_table.sql
WITH this AS (
    SELECT c.oid, c.relkind, c.reltuples, pg_catalog.pg_relation_size(c.oid) AS heap,
        pg_catalog.pg_total_relation_size(c.oid) AS total,
        pg_catalog.pg_indexes_size(c.oid) AS indexes, s.n_dead_tup, s.n_live_tup,
            pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
        coalesce((SELECT o.option_value::numeric FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
            WHERE o.option_name OPERATOR(pg_catalog.=) 'fillfactor'), 100) AS fill,
        (SELECT pg_catalog.sum(w.avg_width OPERATOR(pg_catalog.*) (1 OPERATOR(pg_catalog.-) w.null_frac))
            FROM pg_catalog.pg_stats AS w
            WHERE w.schemaname OPERATOR(pg_catalog.=) n.nspname AND w.tablename OPERATOR(pg_catalog.=) c.relname
                AND NOT w.inherited) AS width
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_user_tables AS s ON s.relid OPERATOR(pg_catalog.=) c.oid
    WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation'
), bloat AS (
    SELECT t.*, greatest(t.heap OPERATOR(pg_catalog.-) (pg_catalog.ceil(
            t.reltuples OPERATOR(pg_catalog.*) (28 OPERATOR(pg_catalog.+) t.width OPERATOR(pg_catalog.+) 4)
                OPERATOR(pg_catalog./) (8168 OPERATOR(pg_catalog.*) t.fill OPERATOR(pg_catalog./) 100)
        ) OPERATOR(pg_catalog.*) 8192), 0)::bigint AS waste
    FROM this AS t
    WHERE t.relkind OPERATOR(pg_catalog.=) 'r'
), indexes AS (
    SELECT pg_catalog.format('%I', x.relname) AS name, pg_catalog.format('%I.%I', n.nspname, x.relname) AS full_name,
        i.indisvalid,
        i.indisunique, coalesce(s.idx_scan, 0) AS scans, pg_catalog.pg_relation_size(x.oid) AS size,
        (SELECT d.stats_reset FROM pg_catalog.pg_stat_database AS d
            WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()) AS since
    FROM this AS t
    JOIN pg_catalog.pg_index AS i ON i.indrelid OPERATOR(pg_catalog.=) t.oid
    JOIN pg_catalog.pg_class AS x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) x.relnamespace
    LEFT JOIN pg_catalog.pg_stat_user_indexes AS s ON s.indexrelid OPERATOR(pg_catalog.=) x.oid
), findings (place, state, finding) AS (
    SELECT 1, 'change',
        'was never analysed, so that nobody can tell how much of it is empty; ANALYZE ' OPERATOR(pg_catalog.||) b.name
    FROM bloat AS b
    WHERE b.width IS NULL AND b.heap OPERATOR(pg_catalog.>) 1048576
    UNION ALL
    SELECT 1, CASE WHEN b.waste OPERATOR(pg_catalog.>) 10485760
        AND b.waste OPERATOR(pg_catalog.>) (b.heap OPERATOR(pg_catalog./) 2) THEN 'change' ELSE 'ok' END,
        pg_catalog.format('%s with indexes and large values; about %s of its own %s are empty',
            pg_catalog.pg_size_pretty(b.total),
            pg_catalog.pg_size_pretty(b.waste), pg_catalog.pg_size_pretty(b.heap))
            OPERATOR(pg_catalog.||) CASE WHEN b.waste OPERATOR(pg_catalog.>) 10485760
                AND b.waste OPERATOR(pg_catalog.>) (b.heap OPERATOR(pg_catalog./) 2)
                THEN pg_catalog.format('; VACUUM FULL %s gives it back, and locks the table meanwhile', b.name)
                    ELSE '' END
    FROM bloat AS b
    WHERE b.width IS NOT NULL
    UNION ALL
    SELECT 2, 'change', pg_catalog.format('%s dead rows wait for vacuum beside %s living ones; VACUUM %s, or look for '
        'transactions and replication slots that hold it back', b.n_dead_tup, b.n_live_tup, b.name)
    FROM bloat AS b
    WHERE b.n_dead_tup OPERATOR(pg_catalog.>) 10000
        AND b.n_dead_tup OPERATOR(pg_catalog.>) (b.n_live_tup OPERATOR(pg_catalog./) 4)
    UNION ALL
    SELECT 3, CASE WHEN NOT i.indisvalid THEN 'wrong' WHEN i.scans OPERATOR(pg_catalog.=) 0 AND NOT i.indisunique
        AND i.size OPERATOR(pg_catalog.>) 1048576
            THEN 'change' ELSE 'ok' END,
        CASE WHEN NOT i.indisvalid THEN pg_catalog.format('index %s is invalid: its making failed, and nobody uses it; '
                'DROP INDEX CONCURRENTLY %s, then make it again', i.name, i.full_name)
            WHEN i.scans OPERATOR(pg_catalog.=) 0 AND NOT i.indisunique AND i.size OPERATOR(pg_catalog.>) 1048576
            THEN pg_catalog.format('index %s (%s) was not used once since %s; if it stays so, DROP INDEX CONCURRENTLY %s',
                i.name,
                pg_catalog.pg_size_pretty(i.size), coalesce(i.since::pg_catalog.text, 'the database was made'),
                    i.full_name)
            ELSE pg_catalog.format('index %s (%s) was used %s times', i.name, pg_catalog.pg_size_pretty(i.size),
                i.scans) END
    FROM indexes AS i
)
SELECT f.state, f.finding
FROM findings AS f
ORDER BY f.place, f.finding;

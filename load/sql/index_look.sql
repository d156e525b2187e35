-- What is there for an index that is to be made: one row. name is what the index is, or would be, called;
-- found whether a row has the member, nested whether some value is an object or array, longest the longest of them as text; size
-- and rows are the table's, for what it will cost; busy tells that somebody is making an index on it.
-- Reads rows until one with the member is found, and a thousand of those.
--
--   psql -v schema=public -v relation=netty-contacts -v name=i -v sampled=true \
--       -v value="data->'email'" -v text="data->>'email'" -f load/sql/index_look.sql
WITH this AS (
    SELECT c.oid, c.relnamespace, c.reltuples::bigint AS rows, pg_catalog.pg_table_size(c.oid) AS size, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation'
), sample AS (
    SELECT :value AS value, :text AS text
    FROM :"schema".:"relation" AS t
    WHERE :sampled AND (:value) IS NOT NULL
    LIMIT 1000
)
SELECT
    x.oid IS NOT NULL AS there,
    coalesce(i.indisvalid AND i.indisready, false) AS valid,
    coalesce(i.indrelid OPERATOR(pg_catalog.=) t.oid, false) AS ours,
    (SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 FROM sample) AS found,
    (SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 FROM sample AS s
        WHERE pg_catalog.jsonb_typeof(s.value) OPERATOR(pg_catalog.=) ANY ('{object,array}'::pg_catalog.text[]))
            AS nested,
    (SELECT pg_catalog.max(pg_catalog.octet_length(s.text)) FROM sample AS s) AS longest,
    t.rows,
    t.size,
    EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
        WHERE p.relid OPERATOR(pg_catalog.=) t.oid) AS busy,
    coalesce(pg_catalog.pg_relation_size(x.oid), 0) AS index_size,
    t.relkind OPERATOR(pg_catalog.=) 'p' AS partitioned,
    (SELECT y.relname
        FROM pg_catalog.pg_index AS j
        JOIN pg_catalog.pg_class AS y ON y.oid OPERATOR(pg_catalog.=) j.indexrelid
        JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) y.relam
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) j.indrelid
            AND a.attnum OPERATOR(pg_catalog.=) j.indkey[0]
        WHERE j.indrelid OPERATOR(pg_catalog.=) t.oid AND j.indisvalid AND j.indpred IS NULL
            AND m.amname OPERATOR(pg_catalog.=) 'btree'
            AND a.attname OPERATOR(pg_catalog.=) 'time_modified'
        LIMIT 1) AS by_time
FROM this AS t
LEFT JOIN pg_catalog.pg_class AS x ON x.relnamespace OPERATOR(pg_catalog.=) t.relnamespace
    AND x.relname OPERATOR(pg_catalog.=) :'name'
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) x.oid;

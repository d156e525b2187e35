-- The statements on a table that took the most time and that an index might help: rows about calls
-- milliseconds statement. Constants, and with them the names of members, are not kept there ($1).
--
--   psql -v source=public.pg_stat_statements -v relation=netty-contacts -f load/sql/suggest.sql
SELECT p.about, pg_catalog.sum(s.calls)::bigint AS calls, pg_catalog.sum(s.total_exec_time)::bigint AS milliseconds,
    pg_catalog.left(pg_catalog.regexp_replace((pg_catalog.array_agg(s.query ORDER BY s.total_exec_time DESC))[1], '\s+',
        ' ', 'g'), 300) AS statement
FROM :source AS s
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN s.query OPERATOR(pg_catalog.~) '@>' THEN 'data @> ...'
        WHEN s.query OPERATOR(pg_catalog.~*) 'where.*->>|order by.*->>' THEN 'data->>''MEMBER'''
        WHEN s.query OPERATOR(pg_catalog.~*) '(where|order by).*time_modified' THEN 'time_modified'
    END AS about
) AS p
WHERE s.dbid OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database AS d
    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
    AND position(:'relation' IN s.query) OPERATOR(pg_catalog.>) 0
    AND s.query OPERATOR(pg_catalog.~*) '^\s*(select|with)'
    AND s.query OPERATOR(pg_catalog.!~) 'netty_sync|pg_stat_progress|inspect|jsonb_typeof'
    AND p.about IS NOT NULL
GROUP BY p.about
ORDER BY 3 DESC;

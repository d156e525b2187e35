-- Tells whether a table's view shows what the table has. others: some table has a view of netty-load's in the schema; there: this
-- table has one; of_table: the view reads this very table, and not an earlier one of the same name. member: one row for each name of a
-- member in the 1,000 rows that were modified last, or null.
--
--   psql -v schema=netty -v view=contacts -v table_schema=public -v relation=netty-contacts -f load/sql/view_stale.sql
WITH ours AS (
    SELECT c.oid, c.relname
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relkind OPERATOR(pg_catalog.=) 'v'
        AND pg_catalog.starts_with(pg_catalog.obj_description(c.oid, 'pg_class'), 'netty-load: view of ')
        AND pg_catalog.obj_description(c.oid, 'pg_class') OPERATOR(pg_catalog.!~~) '% and its archive'
), newest AS (
    SELECT t.data
    FROM :"table_schema".:"relation" AS t
    WHERE EXISTS (SELECT FROM ours AS o WHERE o.relname OPERATOR(pg_catalog.=) :'view')
        AND pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
    ORDER BY t.time_modified DESC NULLS LAST
    LIMIT 1000
)
SELECT
    EXISTS (SELECT FROM ours) AS others,
    EXISTS (SELECT FROM ours AS o WHERE o.relname OPERATOR(pg_catalog.=) :'view') AS there,
    EXISTS (
        SELECT
        FROM ours AS o
        JOIN pg_catalog.pg_rewrite AS r ON r.ev_class OPERATOR(pg_catalog.=) o.oid
        JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) r.oid
        WHERE o.relname OPERATOR(pg_catalog.=) :'view'
            AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'table_schema', :'relation'))
    ) AS of_table,
    k.name AS member
FROM (SELECT) AS one
LEFT JOIN (
    SELECT DISTINCT j.name
    FROM newest AS n
    CROSS JOIN LATERAL pg_catalog.jsonb_object_keys(n.data) AS j (name)
    LIMIT 5000
) AS k ON true
ORDER BY k.name COLLATE pg_catalog."C";

-- Removes the rows with these keys, which due_take.sql has locked, and tells how many.
--
--   psql ... -v keys='{1,2,3}' -f load/sql/rows_delete.sql
WITH gone AS (
    DELETE FROM :"schema".:"relation" AS t
    WHERE t.:"key" OPERATOR(pg_catalog.=) ANY (:'keys'::bigint[])
    RETURNING 1
)
SELECT pg_catalog.count(*) AS rows FROM gone;

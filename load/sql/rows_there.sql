-- How many of the rows with these keys are there, and which: after a COMMIT whose answer was lost, say.
--
--   psql ... -v keys='{1,2,3}' -f load/sql/rows_there.sql
SELECT pg_catalog.count(*) AS rows, pg_catalog.array_agg(t.:"key") AS keys
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.=) ANY (:'keys'::bigint[]);

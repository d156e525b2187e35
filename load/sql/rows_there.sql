-- How many of the rows with these keys are there, and which: after a COMMIT whose answer was lost, say.
--
--   psql ... -v keys='{1,2,3}' -f load/sql/rows_there.sql
SELECT count(*) AS rows, array_agg(t.:"key") AS keys
FROM :"schema".:"relation" AS t
WHERE t.:"key" = ANY (:'keys'::bigint[]);

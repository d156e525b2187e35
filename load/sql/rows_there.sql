-- How many of the rows with these keys are there: after a COMMIT whose answer was lost.
--
--   psql ... -v keys='{1,2,3}' -f load/sql/rows_there.sql
SELECT count(*) AS rows
FROM :"schema".:"relation" AS t
WHERE t.:"key" = ANY (:'keys'::bigint[]);

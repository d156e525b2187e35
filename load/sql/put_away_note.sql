-- Rows with these keys are taken out into a file: their versions are not to come back when the table is loaded again.
--
--   psql ... -v keys='{1,2,3}' -f load/sql/put_away_note.sql
INSERT INTO netty_sync.put_away AS p (schema_name, relation_name, key, time_modified)
SELECT :'schema', :'relation', t.:"key", t.time_modified
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.=) ANY (:'keys'::bigint[])
ON CONFLICT (schema_name, relation_name, key) DO UPDATE SET
    time_modified = greatest(p.time_modified, excluded.time_modified);

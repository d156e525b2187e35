-- Takes keys off the list of rows that were taken out into a file (put_away_note.sql): a file was restored, and its rows are in the
-- table again.
--
--   psql ... -f load/sql/put_away_forget.sql
DELETE FROM netty_sync.put_away AS p
WHERE p.schema_name OPERATOR(pg_catalog.=) :'schema' AND p.relation_name OPERATOR(pg_catalog.=) :'relation'
    AND EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" OPERATOR(pg_catalog.=) p.key);

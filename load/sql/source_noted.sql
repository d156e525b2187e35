-- A source of the upserts for a table that is loaded again: of another source (upsert.sql), all but versions of rows that were taken out
-- into a file (put_away_note.sql). Not those of rows that are there, and not newer versions.
(
    SELECT x.key, x.data, x.time_created, x.time_modified
    FROM :source AS x (key, data, time_created, time_modified)
    WHERE NOT EXISTS (
        SELECT
        FROM netty_sync.put_away AS p
        WHERE p.schema_name OPERATOR(pg_catalog.=) :'schema' AND p.relation_name OPERATOR(pg_catalog.=) :'relation'
            AND p.key OPERATOR(pg_catalog.=) x.key
            AND (x.time_modified OPERATOR(pg_catalog.>) p.time_modified) IS NOT TRUE
    ) OR EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" OPERATOR(pg_catalog.=) x.key)
)

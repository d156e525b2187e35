-- As source_noted.sql, but for the rows that are in the table's archive.
(
    SELECT x.key, x.data, x.time_created, x.time_modified
    FROM :source AS x (key, data, time_created, time_modified)
    WHERE NOT EXISTS (
        SELECT
        FROM :"schema".:"archive" AS p
        WHERE p.:"key" OPERATOR(pg_catalog.=) x.key
            AND (x.time_modified OPERATOR(pg_catalog.>) p.time_modified) IS NOT TRUE
    ) OR EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" OPERATOR(pg_catalog.=) x.key)
)

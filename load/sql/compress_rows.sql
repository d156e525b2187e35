-- Writes the rows of a window of keys anew whose data is compressed the old way, so many at most, passing over
-- those that somebody else has locked. An empty object merged in changes nothing, and has the value made new.
--
--   psql -f load/sql/begin.sql ... -v from=0 -v to=1000 -v rows=1000 -v condition="pg_column_compression(t.data) = 'pglz'" \
--        -f load/sql/compress_rows.sql -c COMMIT
WITH due AS MATERIALIZED (
    SELECT t.:"key" AS key
    FROM :"schema".:"relation" AS t
    WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
        AND (:condition)
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE :"schema".:"relation" AS t
    SET data = t.data OPERATOR(pg_catalog.||) '{}'::pg_catalog.jsonb
    FROM due AS d
    WHERE t.:"key" OPERATOR(pg_catalog.=) d.key
    RETURNING 1
)
SELECT
    (SELECT pg_catalog.max(d.key) FROM due AS d)::bigint AS last,
    (SELECT pg_catalog.count(*) FROM due AS d) AS due,
    (SELECT pg_catalog.count(*) FROM done) AS moved,
    0 AS merged,
    (SELECT pg_catalog.array_agg(d.key) FROM due AS d) AS keys;

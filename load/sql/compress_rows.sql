-- Writes the rows of a window of keys anew whose data is compressed the old way, so many at most, passing over
-- those that somebody else has locked. An empty object merged in changes nothing, and has the value made new.
--
--   psql -f load/sql/begin.sql ... -v from=0 -v to=1000 -v rows=1000 -v condition="pg_column_compression(t.data) = 'pglz'" \
--        -f load/sql/compress_rows.sql -c COMMIT
WITH due AS MATERIALIZED (
    SELECT t.:"key" AS key
    FROM :"schema".:"relation" AS t
    WHERE t.:"key" BETWEEN :'from'::bigint AND :'to'::bigint AND (:condition)
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE :"schema".:"relation" AS t
    SET data = t.data || '{}'::jsonb
    FROM due AS d
    WHERE t.:"key" = d.key
    RETURNING 1
)
SELECT
    (SELECT max(d.key) FROM due AS d)::bigint AS last,
    (SELECT count(*) FROM due AS d) AS due,
    (SELECT count(*) FROM done) AS moved,
    0 AS merged,
    (SELECT array_agg(d.key) FROM due AS d) AS keys;

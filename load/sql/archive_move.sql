-- Moves the rows of a window of keys that fit a condition to the archive, so many at most, passing over
-- those that somebody else has locked. A record that was archived before and came back since becomes
-- one row there, as one upsert after the other would have made it.
--
-- merged: the data of the two, the archived row a being the older one (load/shelf.c makes it).
--
--   psql -f load/sql/begin.sql ... -v archive=netty-contacts-archive -v columns='contact_id, data, ...' \
--        -v from=0 -v to=1000 -v rows=1000 -v condition="t.time_modified < '2024-01-01'" -v merged=... \
--        -f load/sql/archive_move.sql -c COMMIT
WITH due AS MATERIALIZED (
    SELECT t.:"key" AS key
    FROM :"schema".:"relation" AS t
    WHERE t.:"key" BETWEEN :'from'::bigint AND :'to'::bigint AND (:condition)
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM :"schema".:"relation" AS t
    USING due AS d
    WHERE t.:"key" = d.key
    RETURNING t.*
), kept AS (
    INSERT INTO :"schema".:"archive" AS a (:columns)
    SELECT :columns FROM gone
    ON CONFLICT (:"key") DO UPDATE SET
        data = CASE WHEN a.time_modified > excluded.time_modified THEN a.data ELSE :merged END,
        time_created = coalesce(a.time_created, excluded.time_created),
        time_modified = greatest(a.time_modified, excluded.time_modified)
    RETURNING 1
)
SELECT
    (SELECT max(d.key) FROM due AS d)::bigint AS last,
    (SELECT count(*) FROM due AS d) AS due,
    (SELECT count(*) FROM kept) AS moved,
    (SELECT count(*) FROM due AS d
        WHERE EXISTS (SELECT FROM :"schema".:"archive" AS a WHERE a.:"key" = d.key)) AS merged,
    (SELECT array_agg(d.key) FROM due AS d) AS keys;

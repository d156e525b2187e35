-- Moves the rows of a window of keys from the archive back. Where the table has the record again, the
-- live row's members stay, and those that only the archived one has are added, as one upsert after the
-- other would have left them; a live row that is older than the archived one gives way. Columns that
-- are not the loader's keep the live row's values.
--
-- merged: the data of the two, the archived row being the older one (load/shelf.c makes it).
--
--   psql -f load/sql/begin.sql ... -v archive=netty-contacts-archive -v columns='contact_id, data, ...' \
--        -v from=0 -v to=1000 -v rows=1000 -v merged=... -f load/sql/restore_move.sql -c COMMIT
WITH due AS MATERIALIZED (
    SELECT a.:"key" AS key
    FROM :"schema".:"archive" AS a
    WHERE a.:"key" BETWEEN :'from'::bigint AND :'to'::bigint
    ORDER BY a.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM :"schema".:"archive" AS a
    USING due AS d
    WHERE a.:"key" = d.key
    RETURNING a.*
), back AS (
    INSERT INTO :"schema".:"relation" AS t (:columns)
    OVERRIDING SYSTEM VALUE
    SELECT :columns FROM gone
    ON CONFLICT (:"key") DO UPDATE SET
        data = CASE WHEN excluded.time_modified > t.time_modified THEN excluded.data ELSE :merged END,
        time_created = coalesce(excluded.time_created, t.time_created),
        time_modified = greatest(excluded.time_modified, t.time_modified)
    RETURNING 1
)
SELECT
    (SELECT max(d.key) FROM due AS d)::bigint AS last,
    (SELECT count(*) FROM due AS d) AS due,
    (SELECT count(*) FROM back) AS moved,
    (SELECT count(*) FROM due AS d
        WHERE EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" = d.key)) AS merged,
    (SELECT array_agg(d.key) FROM due AS d) AS keys;

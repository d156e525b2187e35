-- Moves the rows of a window of keys that fit a condition from a table to its archive, or back, so many
-- at most, passing over those that somebody else has locked. Where the other table has the record, too,
-- one row is made of both, as one upsert after the other would have left it: the live row's members stay,
-- and those that only the archived one has are added; a live row that is older than the archived one gives
-- way. Columns that are not the loader's keep the values of the row that was there.
--
-- from_table, to_table: of the two. archived, live: which row is which, of t (it was there) and excluded
-- (it comes); merged: the data of the two, the archived row being the older one (load/row_moves/archive_table.c makes it).
--
--   psql -f load/sql/begin.sql ... -v from_table=netty-contacts -v to_table=netty-contacts-archive \
--        -v columns='contact_id, data, ...' -v from=0 -v to=1000 -v rows=1000 \
--        -v condition="t.time_modified < '2024-01-01'" -v archived=t -v live=excluded -v merged=... \
--        -f load/sql/shelf_move.sql -c COMMIT
WITH due AS MATERIALIZED (
    SELECT t.:"key" AS key
    FROM :"schema".:"from_table" AS t
    WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint AND t.:"key" OPERATOR(pg_catalog.<=) :'to'::bigint
        AND (:condition)
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM :"schema".:"from_table" AS t
    USING due AS d
    WHERE t.:"key" OPERATOR(pg_catalog.=) d.key
    RETURNING t.*
), moved AS (
    INSERT INTO :"schema".:"to_table" AS t (:columns)
    OVERRIDING SYSTEM VALUE
    SELECT :columns FROM gone
    ON CONFLICT (:"key") DO UPDATE SET
        data = CASE WHEN :archived.time_modified OPERATOR(pg_catalog.>) :live.time_modified THEN :archived.data
            ELSE :merged END,
        time_created = coalesce(:archived.time_created, :live.time_created),
        time_modified = greatest(t.time_modified, excluded.time_modified)
    RETURNING 1
)
SELECT
    (SELECT pg_catalog.max(d.key) FROM due AS d)::bigint AS last,
    (SELECT pg_catalog.count(*) FROM due AS d) AS due,
    (SELECT pg_catalog.count(*) FROM moved) AS moved,
    (SELECT pg_catalog.count(*) FROM due AS d
        WHERE EXISTS (SELECT FROM :"schema".:"to_table" AS t WHERE t.:"key" OPERATOR(pg_catalog.=) d.key)) AS merged,
    (SELECT pg_catalog.array_agg(d.key) FROM due AS d) AS keys;

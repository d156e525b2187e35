-- Upserts rows that were seen to be newer than what is stored, and says what became of them, as upsert.sql does. Since
-- the time changes the row does, so nothing is compared; a row that another transaction has made newer meanwhile
-- is held back by the ON CONFLICT clause, under the row's lock, and counts as stale. The batch is sorted by key
-- already.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 \
--        -v source=pg_temp.netty_batch -v merged='t.data || excluded.data' -f load/sql/upsert_newer.sql
WITH written AS (
    INSERT INTO :"schema".:"relation" AS t (:"key", data, time_created, time_modified)
    OVERRIDING SYSTEM VALUE
    SELECT CAST(b.key AS :"keytype"), CAST(b.data AS jsonb), b.time_created, b.time_modified
    FROM :source AS b (key, data, time_created, time_modified)
    ON CONFLICT (:"key") DO UPDATE SET
        data = :merged,
        time_created = coalesce(t.time_created, excluded.time_created),
        time_modified = coalesce(excluded.time_modified, t.time_modified)
    WHERE (t.time_modified > excluded.time_modified) IS NOT TRUE
    RETURNING 1
), counts AS (
    SELECT
        (SELECT count(*) FROM :source AS b (key, data, time_created, time_modified)) AS total,
        (SELECT count(*) FROM written) AS updated
)
SELECT 0 AS inserted, updated, 0 AS unchanged, total - updated AS stale, total
FROM counts;

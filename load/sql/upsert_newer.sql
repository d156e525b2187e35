-- Upserts rows that were seen to be newer than what is stored, or are taken to be, and says what became of them. Since
-- the time changes the row does, so nothing is compared. `when` tells which of the rows that are there it may change:
-- `(t.time_modified > excluded.time_modified) IS NOT TRUE` where they were seen to be older (one that another
-- transaction has made newer meanwhile is held back, under the row's lock), `t.time_modified < excluded.time_modified`
-- where that is a guess, which holds if all were changed. How many rows there were the caller knows; to count them here
-- would be to read them once more. A row that was not there has no xmax, and seldom one that was. The batch is sorted by
-- key already.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 \
--        -v source=pg_temp.netty_batch -v merged='t.data || excluded.data' \
--        -v when='t.time_modified < excluded.time_modified' -f load/sql/upsert_newer.sql
WITH written AS (
    INSERT INTO :"schema".:"relation" AS t (:"key", data, time_created, time_modified)
    OVERRIDING SYSTEM VALUE
    SELECT CAST(b.key AS pg_catalog.:"keytype"), CAST(b.data AS pg_catalog.jsonb), b.time_created, b.time_modified
    FROM :source AS b (key, data, time_created, time_modified)
    ON CONFLICT (:"key") DO UPDATE SET
        data = :merged,
        time_created = coalesce(t.time_created, excluded.time_created),
        time_modified = coalesce(excluded.time_modified, t.time_modified)
    WHERE :when
    RETURNING t.xmax OPERATOR(pg_catalog.=) 0 AS bare
)
SELECT pg_catalog.count(*) FILTER (WHERE bare) AS bare, pg_catalog.count(*) FILTER (WHERE NOT bare) AS updated
FROM written;

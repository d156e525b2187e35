-- Upserts rows that are newer than what is stored, or are taken to be, and says what became of them. Their time changes, so the
-- row does, and nothing is compared.
--
-- `when` tells which rows that are there it may change. Where the rows were seen to be older it is
-- `(t.time_modified > excluded.time_modified) IS NOT TRUE`: a row that another transaction has made newer meanwhile is held back,
-- under the row's lock. Where that is a guess it is `t.time_modified < excluded.time_modified`, and the guess was right if all rows
-- were changed. The caller knows how many rows there were; counting them here would read them once more. A row that was not there
-- has no xmax, and one that was seldom has none. The batch is sorted by key already.
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

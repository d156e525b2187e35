-- Upserts the batch and says what became of its rows: total = inserted + updated + unchanged + stale. What
-- one upsert after the other would do, with no version, lock or WAL for a row that would stay as it is.
--
-- merged: what becomes of the stored data t.data and the new excluded.data (sql_merged in load/database/sql.h makes it).
-- held: which rows are not to be changed (SQL_HELD_NEWER there). time: the time that a row is compared with (SQL_TIME there).
-- Where a table's own trigger sets time_modified (probe_time.sql), a row's time tells nothing: held is SQL_HELD_NONE, so that what was
-- fetched later counts, and time is SQL_TIME_STORED, so that a row that differs in its time alone is unchanged.
-- unstored: of the stale, those that were neither there nor held back: a trigger may have skipped or redirected them.
-- verdict: a scalar subselect stays on the target's index, where a join would scan the target. Equality
-- is that of the stored bytes, so that 1.0 instead of 1.00 is a change. Rows whose verdict another
-- transaction overtakes are judged again by the ON CONFLICT clause, under the row's lock; those it
-- holds back count as stale, those it lets in as what they were at first. (xmax would tell better, but
-- partitioned tables do not return it.) Sorted by key, so that two loaders lock in the same order. OVERRIDING SYSTEM VALUE:
-- the key may be an identity column, and is ours even where it is GENERATED ALWAYS.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 \
--        -v source=pg_temp.netty_batch -v merged='t.data || excluded.data' \
--        -v held='t.time_modified > excluded.time_modified' -v time='coalesce(excluded.time_modified, t.time_modified)' \
--        -f load/sql/upsert.sql
WITH batch AS MATERIALIZED (
    SELECT
        CAST(b.key AS pg_catalog.:"keytype") AS key,
        CAST(b.data AS pg_catalog.jsonb) AS data,
        b.time_created,
        b.time_modified
    FROM :source AS b (key, data, time_created, time_modified)
), judged AS MATERIALIZED (
    SELECT
        excluded.*,
        coalesce((
            SELECT CASE
                WHEN :held THEN 'stale'
                WHEN pg_catalog.record_image_eq(
                    ROW(t.data, t.time_created, t.time_modified),
                    ROW(
                        :merged,
                        coalesce(t.time_created, excluded.time_created),
                        :time
                    )
                ) THEN 'unchanged'
                ELSE 'changed'
            END
            FROM :"schema".:"relation" AS t
            WHERE t.:"key" OPERATOR(pg_catalog.=) excluded.key
        ), 'absent') AS verdict
    FROM batch AS excluded
), written AS (
    INSERT INTO :"schema".:"relation" AS t (:"key", data, time_created, time_modified)
    OVERRIDING SYSTEM VALUE
    SELECT b.key, b.data, b.time_created, b.time_modified
    FROM judged AS b
    WHERE b.verdict OPERATOR(pg_catalog.=) ANY ('{absent,changed}'::pg_catalog.text[])
    ORDER BY b.key
    ON CONFLICT (:"key") DO UPDATE SET
        data = :merged,
        time_created = coalesce(t.time_created, excluded.time_created),
        time_modified = coalesce(excluded.time_modified, t.time_modified)
    WHERE (:held) IS NOT TRUE
    RETURNING t.:"key" AS key
), counts AS (
    SELECT
        pg_catalog.count(*) AS total,
        pg_catalog.count(*) FILTER (WHERE b.verdict OPERATOR(pg_catalog.=) 'unchanged') AS unchanged,
        pg_catalog.count(w.key) FILTER (WHERE b.verdict OPERATOR(pg_catalog.=) 'absent') AS inserted,
        pg_catalog.count(w.key) FILTER (WHERE b.verdict OPERATOR(pg_catalog.=) 'changed') AS updated,
        pg_catalog.count(*) FILTER (WHERE w.key IS NULL
            AND b.verdict OPERATOR(pg_catalog.=) ANY ('{absent,changed}'::pg_catalog.text[])) AS unstored
    FROM judged AS b
    LEFT JOIN written AS w ON w.key OPERATOR(pg_catalog.=) b.key
)
SELECT
    inserted,
    updated,
    unchanged,
    total OPERATOR(pg_catalog.-) inserted OPERATOR(pg_catalog.-) updated OPERATOR(pg_catalog.-) unchanged AS stale,
    total,
    unstored
FROM counts;

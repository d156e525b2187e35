-- As upsert.sql, of a table whose own trigger sets time_modified (probe_time.sql): a row's time tells nothing there, so what
-- was fetched later counts, whatever is stored; and a row that differs in its time alone is unchanged.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 \
--        -v source=pg_temp.netty_batch -v merged='t.data || excluded.data' -f load/sql/upsert_in_order.sql
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
                WHEN pg_catalog.record_image_eq(
                    ROW(t.data, t.time_created),
                    ROW(:merged, coalesce(t.time_created, excluded.time_created))
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

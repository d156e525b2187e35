-- Brings rows back from lines of a file that purge or archive wrote, $1 being the lines as one JSON
-- array. None is brought back when one of them is no row of this table. Of a key that stands twice the
-- newest counts. What happens where the table has the record is told in shelf_move.sql; a row that
-- would stay as it is is not written.
--
--   psql ... -v columns='contact_id, data, ...' -v merged=... -f load/sql/restore_lines.sql
WITH lines AS MATERIALIZED (
    SELECT l.line, l.n,
        pg_catalog.jsonb_typeof(l.line) OPERATOR(pg_catalog.=) 'object'
            AND pg_catalog.jsonb_typeof(l.line OPERATOR(pg_catalog.->) :'key') OPERATOR(pg_catalog.=) 'number'
            AND pg_catalog.jsonb_typeof(l.line OPERATOR(pg_catalog.->) 'data') IS NOT NULL AS fits
    FROM pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) WITH ORDINALITY AS l (line, n)
), read AS MATERIALIZED (
    SELECT DISTINCT ON (r.:"key") r.*
    FROM lines AS l
    CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(CAST(NULL AS :"schema".:"relation"), l.line) AS r
    WHERE NOT EXISTS (SELECT FROM lines AS f WHERE f.fits IS NOT TRUE)
    ORDER BY r.:"key", r.time_modified DESC NULLS LAST, l.n DESC
), back AS (
    INSERT INTO :"schema".:"relation" AS t (:columns)
    OVERRIDING SYSTEM VALUE
    SELECT :columns FROM read
    ORDER BY :"key"
    ON CONFLICT (:"key") DO UPDATE SET
        data = CASE WHEN excluded.time_modified OPERATOR(pg_catalog.>) t.time_modified THEN excluded.data
            ELSE :merged END,
        time_created = coalesce(excluded.time_created, t.time_created),
        time_modified = greatest(excluded.time_modified, t.time_modified)
    WHERE NOT pg_catalog.record_image_eq(
        ROW(t.data, t.time_created, t.time_modified),
        ROW(
            CASE WHEN excluded.time_modified OPERATOR(pg_catalog.>) t.time_modified THEN excluded.data ELSE :merged END,
            coalesce(excluded.time_created, t.time_created),
            greatest(excluded.time_modified, t.time_modified)
        )
    )
    RETURNING :"key" AS key
)
SELECT
    (SELECT pg_catalog.count(*) FROM lines AS l WHERE l.fits IS NOT TRUE) AS unfit,
    (SELECT pg_catalog.count(*) FROM back) AS written,
    (SELECT pg_catalog.count(*) FROM back AS b
        WHERE EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" OPERATOR(pg_catalog.=) b.key)) AS merged;

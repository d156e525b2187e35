-- Brings rows back from lines of a file that purge or archive wrote, $1 being the lines as one JSON
-- array. None is brought back when one of them is no row of this table. Of a key that stands twice the
-- newest counts. What happens where the table has the record is told in shelf_move.sql; a row that
-- would stay as it is is not written.
--
--   psql ... -v columns='contact_id, data, ...' -v merged=... -f load/sql/restore_lines.sql
WITH lines AS MATERIALIZED (
    SELECT l.line, l.n,
        jsonb_typeof(l.line) = 'object' AND jsonb_typeof(l.line->:'key') = 'number'
            AND jsonb_typeof(l.line->'data') IS NOT NULL AS fits
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS l (line, n)
), read AS MATERIALIZED (
    SELECT DISTINCT ON (r.:"key") r.*
    FROM lines AS l
    CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS :"schema".:"relation"), l.line) AS r
    WHERE NOT EXISTS (SELECT FROM lines AS f WHERE f.fits IS NOT TRUE)
    ORDER BY r.:"key", r.time_modified DESC NULLS LAST, l.n DESC
), back AS (
    INSERT INTO :"schema".:"relation" AS t (:columns)
    OVERRIDING SYSTEM VALUE
    SELECT :columns FROM read
    ORDER BY :"key"
    ON CONFLICT (:"key") DO UPDATE SET
        data = CASE WHEN excluded.time_modified > t.time_modified THEN excluded.data ELSE :merged END,
        time_created = coalesce(excluded.time_created, t.time_created),
        time_modified = greatest(excluded.time_modified, t.time_modified)
    WHERE NOT record_image_eq(
        ROW(t.data, t.time_created, t.time_modified),
        ROW(
            CASE WHEN excluded.time_modified > t.time_modified THEN excluded.data ELSE :merged END,
            coalesce(excluded.time_created, t.time_created),
            greatest(excluded.time_modified, t.time_modified)
        )
    )
    RETURNING :"key" AS key
)
SELECT
    (SELECT count(*) FROM lines AS l WHERE l.fits IS NOT TRUE) AS unfit,
    (SELECT count(*) FROM back) AS written,
    (SELECT count(*) FROM back AS b
        WHERE EXISTS (SELECT FROM :"schema".:"relation" AS t WHERE t.:"key" = b.key)) AS merged;

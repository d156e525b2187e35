-- What the members of data are, those of objects down to `depth` levels below the outermost: a row a member, by its names, with how
-- many values are of which JSON type and form (load/profile/member_form.h), the least and greatest number and time, about how many
-- are distinct (HyperLogLog of 256 registers), and the earliest time of a record that has it. No value of a text is shown. The
-- variables named for forms are tests of x.text. Reads the whole table, once.
--
--   load/profile/table_profile.c fills the tests in; psql can run what `netty-load profile --log-level debug` logs.
WITH shaped AS (
    SELECT x.path, x.kind, x.seen,
        CASE
            WHEN x.kind OPERATOR(pg_catalog.=) 'null' THEN 'null'
            WHEN x.kind OPERATOR(pg_catalog.=) 'boolean' THEN 'boolean'
            WHEN x.kind OPERATOR(pg_catalog.=) 'object'
                THEN CASE WHEN x.text OPERATOR(pg_catalog.=) '{}' THEN 'empty' ELSE 'object' END
            WHEN x.kind OPERATOR(pg_catalog.=) 'array'
                THEN CASE WHEN x.text OPERATOR(pg_catalog.=) '[]' THEN 'empty' ELSE 'array' END
            WHEN x.text OPERATOR(pg_catalog.=) '' OR x.text OPERATOR(pg_catalog.~~) '0000-00-00%'
                OR x.text OPERATOR(pg_catalog.~~) '-0001-11-30%' THEN 'empty'
            WHEN x.text OPERATOR(pg_catalog.=) ANY ('{0,1}'::pg_catalog.text[]) THEN 'flag'
            WHEN x.text OPERATOR(pg_catalog.~) '^[0-9-]' THEN CASE
                WHEN :integer THEN 'integer'
                WHEN :whole THEN 'bigint'
                WHEN x.kind OPERATOR(pg_catalog.=) 'number' OR :decimal THEN 'decimal'
                WHEN x.text OPERATOR(pg_catalog.~) '^0[0-9]+$' THEN 'code'
                WHEN :date THEN 'date'
                WHEN :time THEN 'time'
                WHEN :timestamp THEN 'timestamp'
                WHEN :zoned THEN 'zoned'
                WHEN :uuid THEN 'uuid'
            END
            WHEN x.text OPERATOR(pg_catalog.=) ANY ('{true,false}'::pg_catalog.text[]) THEN 'truth'
            WHEN :uuid THEN 'uuid'
        END AS form,
        pg_catalog.length(x.text) OPERATOR(pg_catalog.<=) 254
            AND x.text OPERATOR(pg_catalog.~) '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$' AS mail,
        x.text,
        pg_catalog.jsonb_hash_extended(x.value, 0) AS hash
    FROM (
        SELECT p.path, p.value, coalesce(t.time_modified, t.time_created) AS seen,
            pg_catalog.jsonb_typeof(p.value) AS kind, p.value OPERATOR(pg_catalog.#>>) '{}' AS text
        FROM :"schema".:"relation" AS t
        CROSS JOIN LATERAL (
            SELECT ARRAY[a.key] AS path, a.value
            FROM pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
                THEN t.data END) AS a
            UNION ALL
            SELECT ARRAY[a.key, b.key], b.value
            FROM pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
                THEN t.data END) AS a
            CROSS JOIN LATERAL pg_catalog.jsonb_each(CASE
                WHEN pg_catalog.jsonb_typeof(a.value) OPERATOR(pg_catalog.=) 'object' THEN a.value END) AS b
            WHERE :depth OPERATOR(pg_catalog.>=) 1
            UNION ALL
            SELECT ARRAY[a.key, b.key, c.key], c.value
            FROM pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) 'object'
                THEN t.data END) AS a
            CROSS JOIN LATERAL pg_catalog.jsonb_each(CASE
                WHEN pg_catalog.jsonb_typeof(a.value) OPERATOR(pg_catalog.=) 'object' THEN a.value END) AS b
            CROSS JOIN LATERAL pg_catalog.jsonb_each(CASE
                WHEN pg_catalog.jsonb_typeof(b.value) OPERATOR(pg_catalog.=) 'object' THEN b.value END) AS c
            WHERE :depth OPERATOR(pg_catalog.>=) 2
        ) AS p
        OFFSET 0 -- each is worked out once
    ) AS x
    OFFSET 0
), counted AS (
    SELECT s.path, s.kind, coalesce(s.form, CASE WHEN s.mail THEN 'mail' ELSE 'text' END) AS form,
        CASE WHEN s.kind OPERATOR(pg_catalog.<>) 'null' THEN s.hash OPERATOR(pg_catalog.&) 255 END AS register,
        pg_catalog.count(*) AS n,
        pg_catalog.min((s.hash OPERATOR(pg_catalog.>>) 8) OPERATOR(pg_catalog.&) 72057594037927935) AS low,
        pg_catalog.min(CASE WHEN s.kind OPERATOR(pg_catalog.=) 'number' THEN s.text::numeric END) AS least,
        pg_catalog.max(CASE WHEN s.kind OPERATOR(pg_catalog.=) 'number' THEN s.text::numeric END) AS greatest,
        pg_catalog.min(CASE WHEN s.form OPERATOR(pg_catalog.=) ANY ('{date,time,timestamp}'::pg_catalog.text[])
            OR s.form OPERATOR(pg_catalog.=) 'zoned' AND s.text OPERATOR(pg_catalog.~~) '%Z'
            THEN s.text COLLATE pg_catalog."C" END) AS first,
        pg_catalog.max(CASE WHEN s.form OPERATOR(pg_catalog.=) ANY ('{date,time,timestamp}'::pg_catalog.text[])
            OR s.form OPERATOR(pg_catalog.=) 'zoned' AND s.text OPERATOR(pg_catalog.~~) '%Z'
            THEN s.text COLLATE pg_catalog."C" END) AS last,
        pg_catalog.min(s.seen) AS seen
    FROM shaped AS s
    GROUP BY 1, 2, 3, 4
), registers AS (
    SELECT r.path, pg_catalog.count(*) AS used,
        pg_catalog.sum(pg_catalog.power(2::pg_catalog.float8, pg_catalog.floor(pg_catalog.log(2::numeric,
            (r.low OPERATOR(pg_catalog.+) 1)::numeric))::pg_catalog.float8 OPERATOR(pg_catalog.-) 56)) AS harmonic
    FROM (
        SELECT c.path, c.register, pg_catalog.min(c.low) AS low
        FROM counted AS c
        WHERE c.register IS NOT NULL
        GROUP BY 1, 2
    ) AS r
    GROUP BY 1
)
SELECT
    c.path[1] AS outermost, c.path[2] AS second, c.path[3] AS third,
    pg_catalog.sum(c.n) AS records,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'string') AS strings,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'number') AS numbers,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'boolean') AS booleans,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'object') AS objects,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'array') AS arrays,
    pg_catalog.sum(c.n) FILTER (WHERE c.kind OPERATOR(pg_catalog.=) 'null') AS nulls,
    pg_catalog.min((SELECT CASE WHEN r.used OPERATOR(pg_catalog.<) 256 AND e.raw OPERATOR(pg_catalog.<=) 640
        THEN pg_catalog.round((256 OPERATOR(pg_catalog.*) pg_catalog.ln(256::pg_catalog.float8
            OPERATOR(pg_catalog./) (256 OPERATOR(pg_catalog.-) r.used)::pg_catalog.float8))::numeric)
        ELSE pg_catalog.round(e.raw::numeric) END
        FROM (SELECT 47072::pg_catalog.float8 OPERATOR(pg_catalog./) (r.harmonic OPERATOR(pg_catalog.+)
            (256 OPERATOR(pg_catalog.-) r.used)::pg_catalog.float8) AS raw) AS e)) AS distinct_values,
    pg_catalog.min(c.least)::pg_catalog.text AS least,
    pg_catalog.max(c.greatest)::pg_catalog.text AS greatest,
    pg_catalog.min(c.first) AS first,
    pg_catalog.max(c.last) AS last,
    pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.min(c.seen)) OPERATOR(pg_catalog.*) 1000000)::bigint AS seen,
    :counts
FROM counted AS c
LEFT JOIN registers AS r ON r.path OPERATOR(pg_catalog.=) c.path
GROUP BY c.path
ORDER BY c.path COLLATE pg_catalog."C"
LIMIT :most;

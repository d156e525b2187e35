-- The netty-* tables that search_path shows, each with what the loader must know of it: its primary
-- key, the key's type and range, and, where it cannot be loaded, the problem in words (else null);
-- denied tells that the problem is a missing permission, indexed that the greatest time_modified is
-- had from an index; identity is another one once the table has been emptied or made again; direct that COPY
-- into it does what INSERT does and rows are stored as they are sent: no partitions, rules, row security, triggers of
-- users, nor times that are rounded; archive
-- that it is one which netty-load archive made (archive_plan.sql), and no table of the API's.
--
--   psql -f load/sql/list_tables.sql
SELECT
    n.nspname AS schema,
    c.relname AS relation,
    substr(c.relname, length('netty-') + 1) AS table_name,
    k.attname AS key,
    k.typname AS key_type,
    k.low AS key_min,
    k.high AS key_max,
    CASE WHEN own.archive THEN 'is an archive of netty-load''s, not a table to load into'
        ELSE coalesce(shape.problem, r.problem) END AS problem,
    pg_catalog.row_security_active(c.oid) AS row_security,
    shape.problem IS NULL AND r.problem IS NOT NULL AND NOT own.archive AS denied,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = x.relam
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
            AND m.amname = 'btree' AND a.attname = 'time_modified'
    ) AS indexed,
    concat(c.oid, '.', pg_relation_filenode(c.oid)) AS identity,
    c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relhassubclass
        AND NOT pg_catalog.row_security_active(c.oid)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
        AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname IN ('time_created', 'time_modified') AND a.atttypmod <> -1
        ) AS direct,
    own.archive
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(starts_with(obj_description(c.oid, 'pg_class'), 'netty-load: archive of '), false) AS archive
) AS own
LEFT JOIN LATERAL (
    SELECT a.attname, t.typname, range.low, range.high
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN (VALUES
        ('int2'::regtype, -32768::bigint, 32767::bigint),
        ('int4'::regtype, -2147483648, 2147483647),
        ('int8'::regtype, -9223372036854775808, 9223372036854775807)
    ) AS range (type, low, high) ON range.type = t.oid
    WHERE i.indrelid = c.oid AND i.indisprimary AND i.indnkeyatts = 1
        AND i.indimmediate AND i.indisvalid
) AS k ON true
CROSS JOIN LATERAL (
    SELECT
        max(format_type(a.atttypid, NULL)) FILTER (WHERE a.attname = 'data') AS data,
        max(format_type(a.atttypid, NULL)) FILTER (WHERE a.attname = 'time_created') AS time_created,
        max(format_type(a.atttypid, NULL)) FILTER (WHERE a.attname = 'time_modified') AS time_modified,
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
            WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
                AND a.attname NOT IN ('data', 'time_created', 'time_modified')
                AND a.attname IS DISTINCT FROM k.attname) AS others,
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
            WHERE a.attgenerated <> ''
                AND (a.attname IN ('data', 'time_created', 'time_modified') OR a.attname = k.attname)
        ) AS computed
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS s
LEFT JOIN LATERAL (
    SELECT format('refuses %s to role %I', string_agg(p.name, ' and '), current_user) AS problem
    FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS p (name)
    WHERE NOT has_any_column_privilege(c.oid, p.name)
    HAVING count(*) > 0
) AS r ON true
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN k.attname IS NULL
            THEN 'has no primary key of one column, not deferrable'
        WHEN k.low IS NULL
            THEN format('has the key %I of a type other than smallint, integer and bigint', k.attname)
        WHEN s.data IS DISTINCT FROM 'jsonb'
            THEN 'has no column data of type jsonb'
        WHEN s.time_created IS DISTINCT FROM 'timestamp with time zone'
            THEN 'has no column time_created of type timestamptz'
        WHEN s.time_modified IS DISTINCT FROM 'timestamp with time zone'
            THEN 'has no column time_modified of type timestamptz'
        WHEN s.computed IS NOT NULL
            THEN format('has generated columns, which nobody can write: %s', s.computed)
        WHEN s.others IS NOT NULL
            THEN format('has columns without default that may not be null: %s', s.others)
    END AS problem
) AS shape
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND starts_with(c.relname, 'netty-')
    AND pg_table_is_visible(c.oid)
ORDER BY c.relname;

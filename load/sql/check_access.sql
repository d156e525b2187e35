-- Who beyond its owner can read or write a netty-* table, its archive, or (before PostgreSQL 15) the view of both: a row for each
-- relation that others can, `change` where those are everybody (PUBLIC, and Supabase's anon and authenticated), else `ok`.
-- Superusers can anyway. What row-level security leaves nothing of does not count; TRUNCATE it does not hold up.
--
--   psql -v oids='{16385,16400}' -f load/sql/check_access.sql
WITH shown AS (
    SELECT c.oid, c.relnamespace, c.relname, c.relowner, c.relrowsecurity,
        pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
        pg_catalog.regexp_replace(pg_catalog.substr(t.relname, pg_catalog.length('netty-') OPERATOR(pg_catalog.+) 1),
            CASE WHEN pg_catalog.starts_with(pg_catalog.obj_description(t.oid, 'pg_class'), 'netty-load: archive of ')
                THEN '-archive$' ELSE '$' END, '') AS table_name
    FROM pg_catalog.pg_class AS t
    JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) t.oid
        OR (c.relnamespace OPERATOR(pg_catalog.=) t.relnamespace
            AND c.relname OPERATOR(pg_catalog.=) (t.relname OPERATOR(pg_catalog.||) '-all')
            AND c.relkind OPERATOR(pg_catalog.=) 'v'
            AND NOT coalesce('security_invoker=true' OPERATOR(pg_catalog.=) ANY (c.reloptions), false))
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE t.oid OPERATOR(pg_catalog.=) ANY (:'oids'::pg_catalog.oid[])
), role AS (
    SELECT 0::pg_catalog.oid AS oid, 'public' AS name, 'PUBLIC' AS shown_name, false AS bypass, 1 AS place
    UNION ALL
    SELECT r.oid, r.rolname, pg_catalog.quote_ident(r.rolname), r.rolbypassrls,
        CASE WHEN r.rolname OPERATOR(pg_catalog.=) ANY ('{anon,authenticated}'::pg_catalog.name[]) THEN 0 ELSE 2 END
    FROM pg_catalog.pg_roles AS r
    WHERE NOT r.rolsuper AND r.rolname OPERATOR(pg_catalog.<>) current_user
        AND NOT pg_catalog.starts_with(r.rolname, 'pg_')
), ability AS (
    SELECT s.*, r.shown_name, r.place,
        pg_catalog.has_any_column_privilege(r.name, s.oid, 'SELECT') AND x.reads AS reads,
        (pg_catalog.has_any_column_privilege(r.name, s.oid, 'INSERT, UPDATE')
            OR pg_catalog.has_table_privilege(r.name, s.oid, 'DELETE')) AND x.writes
            OR pg_catalog.has_table_privilege(r.name, s.oid, 'TRUNCATE') AS writes
    FROM shown AS s
    CROSS JOIN role AS r
    CROSS JOIN LATERAL (
        SELECT
            free.of_policies OR coalesce(
                pg_catalog.bool_or(p.polcmd OPERATOR(pg_catalog.=) ANY ('{*,r}'::pg_catalog."char"[])), false) AS reads,
            free.of_policies OR coalesce(
                pg_catalog.bool_or(p.polcmd OPERATOR(pg_catalog.<>) 'r'), false) AS writes
        FROM (
            SELECT NOT s.relrowsecurity OR r.bypass
                OR CASE WHEN r.place OPERATOR(pg_catalog.<>) 1 THEN pg_catalog.pg_has_role(r.oid, s.relowner, 'USAGE')
                    ELSE false END AS of_policies
        ) AS free
        LEFT JOIN pg_catalog.pg_policy AS p ON p.polrelid OPERATOR(pg_catalog.=) s.oid AND p.polpermissive AND (
            0::pg_catalog.oid OPERATOR(pg_catalog.=) ANY (p.polroles) OR EXISTS (
                SELECT FROM pg_catalog.unnest(p.polroles) AS of (oid)
                WHERE r.place OPERATOR(pg_catalog.<>) 1 AND of.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
                    AND pg_catalog.pg_has_role(r.oid, of.oid, 'USAGE')))
        GROUP BY free.of_policies
    ) AS x
    WHERE r.oid OPERATOR(pg_catalog.<>) s.relowner
        AND pg_catalog.has_schema_privilege(r.name, s.relnamespace, 'USAGE')
), told AS (
    SELECT a.*
    FROM ability AS a
    LEFT JOIN ability AS everybody
        ON everybody.oid OPERATOR(pg_catalog.=) a.oid AND everybody.place OPERATOR(pg_catalog.=) 1
    WHERE a.place OPERATOR(pg_catalog.<) 2 AND (a.reads OR a.writes)
        OR a.reads AND everybody.reads IS NOT TRUE
        OR a.writes AND everybody.writes IS NOT TRUE
), named AS (
    SELECT t.table_name, t.name,
        pg_catalog.min(t.place) AS place,
        pg_catalog.string_agg(t.shown_name, ', ' ORDER BY t.place, t.shown_name)
            FILTER (WHERE t.writes AND t.reads) AS both,
        pg_catalog.string_agg(t.shown_name, ', ' ORDER BY t.place, t.shown_name) FILTER (WHERE NOT t.writes) AS readers,
        pg_catalog.string_agg(t.shown_name, ', ' ORDER BY t.place, t.shown_name) FILTER (WHERE NOT t.reads) AS writers,
        pg_catalog.string_agg(t.shown_name, ', ' ORDER BY t.place, t.shown_name) FILTER (
            WHERE t.place OPERATOR(pg_catalog.<) 2) AS everybody
    FROM told AS t
    GROUP BY t.table_name, t.name
)
SELECT n.table_name,
    CASE WHEN n.place OPERATOR(pg_catalog.<) 2 THEN 'change' ELSE 'ok' END AS state,
    pg_catalog.format('%s is open to others than its owner: %s%s', n.name, pg_catalog.concat_ws(', ',
            'read and written by ' OPERATOR(pg_catalog.||) n.both,
            'read by ' OPERATOR(pg_catalog.||) n.readers,
            'written by ' OPERATOR(pg_catalog.||) n.writers),
        CASE WHEN n.place OPERATOR(pg_catalog.<) 2
            THEN pg_catalog.format('; REVOKE ALL ON %s FROM %s', n.name, n.everybody) END) AS finding
FROM named AS n
ORDER BY n.table_name, n.name;

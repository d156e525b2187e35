-- The views of netty-load views: a row for each, and for each thing that keeps somebody from what he was given, with what to do.
-- views_schema '': the one that the tables' schema names. wanted: netty-load --views is set, so this role has to be able to change them.
--
--   psql -v oids='{16385}' -v views_schema= -v wanted=false -f load/sql/check_views.sql
WITH placed AS (
    SELECT t.oid, t.relowner, t.relrowsecurity, n.nspname AS table_schema, t.relname,
        pg_catalog.format('%I.%I', n.nspname, t.relname) AS table_name,
        pg_catalog.substr(t.relname, pg_catalog.length('netty-') OPERATOR(pg_catalog.+) 1) AS name,
        CASE WHEN :'views_schema' OPERATOR(pg_catalog.<>) '' THEN :'views_schema'
            WHEN n.nspname OPERATOR(pg_catalog.=) ANY ('{public,netty}'::pg_catalog.name[]) THEN 'netty'
            ELSE 'netty_' OPERATOR(pg_catalog.||) n.nspname::pg_catalog.text END AS views_schema
    FROM pg_catalog.pg_class AS t
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace
    WHERE t.oid OPERATOR(pg_catalog.=) ANY (:'oids'::pg_catalog.oid[])
        AND NOT coalesce(pg_catalog.starts_with(pg_catalog.obj_description(t.oid, 'pg_class'), 'netty-load: archive of '), false)
), shown AS (
    SELECT p.*, v.oid AS view, v.relowner AS view_owner, v.relnamespace AS namespace, ns.oid AS schema_oid,
        pg_catalog.format('%I.%I', p.views_schema, p.name) AS view_name,
        coalesce('security_invoker=true' OPERATOR(pg_catalog.=) ANY (v.reloptions), false) AS invoker,
        EXISTS (
            SELECT
            FROM pg_catalog.pg_rewrite AS r
            JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                AND d.objid OPERATOR(pg_catalog.=) r.oid
            WHERE r.ev_class OPERATOR(pg_catalog.=) v.oid AND d.refobjid OPERATOR(pg_catalog.=) p.oid
        ) AS of_table,
        (
            SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid OPERATOR(pg_catalog.=) v.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        ) AS columns
    FROM placed AS p
    LEFT JOIN pg_catalog.pg_namespace AS ns ON ns.nspname OPERATOR(pg_catalog.=) p.views_schema
    LEFT JOIN pg_catalog.pg_class AS v ON v.relnamespace OPERATOR(pg_catalog.=) ns.oid
        AND v.relname OPERATOR(pg_catalog.=) p.name AND v.relkind OPERATOR(pg_catalog.=) 'v'
        AND pg_catalog.starts_with(pg_catalog.obj_description(v.oid, 'pg_class'), 'netty-load: view of ')
), reader AS (
    SELECT s.oid, r.shown_name, r.place,
        pg_catalog.has_schema_privilege(r.name, s.namespace, 'USAGE') AS may_enter,
        pg_catalog.has_any_column_privilege(r.name, s.oid, 'SELECT')
            AND pg_catalog.has_schema_privilege(r.name, s.table_schema::pg_catalog.text, 'USAGE') AS reads_table,
        NOT s.relrowsecurity OR r.bypass OR EXISTS (
            SELECT
            FROM pg_catalog.pg_policy AS p
            WHERE p.polrelid OPERATOR(pg_catalog.=) s.oid AND p.polpermissive
                AND p.polcmd OPERATOR(pg_catalog.=) ANY ('{*,r}'::pg_catalog."char"[])
                AND (0::pg_catalog.oid OPERATOR(pg_catalog.=) ANY (p.polroles) OR EXISTS (
                    SELECT FROM pg_catalog.unnest(p.polroles) AS of (oid)
                    WHERE r.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid AND of.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
                        AND pg_catalog.pg_has_role(r.oid, of.oid, 'USAGE')))
        ) OR CASE WHEN r.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
            THEN pg_catalog.pg_has_role(r.oid, s.relowner, 'USAGE') ELSE false END AS sees_rows
    FROM shown AS s
    CROSS JOIN (
        SELECT 0::pg_catalog.oid AS oid, 'public' AS name, 'PUBLIC' AS shown_name, false AS bypass, 1 AS place
        UNION ALL
        SELECT r.oid, r.rolname, pg_catalog.quote_ident(r.rolname), r.rolbypassrls, 2
        FROM pg_catalog.pg_roles AS r
        WHERE NOT r.rolsuper AND NOT pg_catalog.starts_with(r.rolname, 'pg_')
    ) AS r
    WHERE s.view IS NOT NULL AND s.of_table AND r.oid OPERATOR(pg_catalog.<>) s.view_owner
        AND pg_catalog.has_any_column_privilege(r.name, s.view, 'SELECT')
        AND NOT (r.place OPERATOR(pg_catalog.=) 2 AND pg_catalog.has_any_column_privilege('public', s.view, 'SELECT'))
), kept AS (
    SELECT r.oid, pg_catalog.string_agg(r.shown_name, ', ' ORDER BY r.place, r.shown_name) FILTER (WHERE NOT r.may_enter) AS outside,
        pg_catalog.string_agg(r.shown_name, ', ' ORDER BY r.place, r.shown_name)
            FILTER (WHERE r.may_enter AND NOT r.reads_table) AS without_table,
        pg_catalog.string_agg(r.shown_name, ', ' ORDER BY r.place, r.shown_name)
            FILTER (WHERE r.may_enter AND r.reads_table AND NOT r.sees_rows) AS without_policy,
        pg_catalog.string_agg(r.shown_name, ', ' ORDER BY r.place, r.shown_name)
            FILTER (WHERE r.may_enter AND r.reads_table AND r.sees_rows) AS readers
    FROM reader AS r
    GROUP BY r.oid
)
SELECT s.name AS table_name, f.state, f.finding
FROM shown AS s
LEFT JOIN kept AS k ON k.oid OPERATOR(pg_catalog.=) s.oid
CROSS JOIN LATERAL (
    SELECT 'ok', pg_catalog.format('the view %s has %s columns, and beside its owner is read by %s; netty-load check tells whether it '
        'shows all members', s.view_name, s.columns, coalesce(k.readers, 'nobody'))
    WHERE s.view IS NOT NULL AND s.of_table
    UNION ALL
    SELECT 'change', pg_catalog.format('the view %s is stale: it reads another table than %s; netty-load views --apply %s', s.view_name,
        s.table_name, s.name)
    WHERE s.view IS NOT NULL AND NOT s.of_table
    UNION ALL
    SELECT 'change', pg_catalog.format('the view %s reads with the rights of its owner, past row-level security; ALTER VIEW %s SET '
        '(security_invoker = true)', s.view_name, s.view_name)
    WHERE s.view IS NOT NULL AND NOT s.invoker
    UNION ALL
    SELECT 'change', pg_catalog.format('%s may read the view %s, and not enter its schema; GRANT USAGE ON SCHEMA %I TO %s', k.outside,
        s.view_name, s.views_schema, k.outside)
    WHERE k.outside IS NOT NULL
    UNION ALL
    SELECT 'change', pg_catalog.format('%s may read the view %s, and not its table, so that it is refused; GRANT USAGE ON SCHEMA %I TO '
        '%s; GRANT SELECT ON %s TO %s', k.without_table, s.view_name, s.table_schema, k.without_table, s.table_name, k.without_table)
    WHERE k.without_table IS NOT NULL AND s.invoker
    UNION ALL
    SELECT 'change', pg_catalog.format('row-level security shows %s no row of the view %s; CREATE POLICY "read" ON %s FOR SELECT TO %s '
        'USING (true)', k.without_policy, s.view_name, s.table_name, k.without_policy)
    WHERE k.without_policy IS NOT NULL AND s.invoker
    UNION ALL
    SELECT 'change', pg_catalog.format('--views is set, and this role may not change the view %s; ALTER VIEW %s OWNER TO %I',
        s.view_name, s.view_name, current_user)
    WHERE :wanted AND s.view IS NOT NULL AND NOT pg_catalog.pg_has_role(s.view_owner, 'USAGE')
    UNION ALL
    SELECT 'change', pg_catalog.format('--views is set, and this role may make nothing in the schema %I; GRANT USAGE, CREATE ON SCHEMA '
        '%I TO %I', s.views_schema, s.views_schema, current_user)
    WHERE :wanted AND s.schema_oid IS NOT NULL AND NOT (pg_catalog.has_schema_privilege(s.schema_oid, 'CREATE')
        AND pg_catalog.has_schema_privilege(s.schema_oid, 'USAGE'))
    UNION ALL
    SELECT 'change', pg_catalog.format('--views is set, there is no schema %I, and this role may not make it; GRANT CREATE ON DATABASE '
        '%I TO %I', s.views_schema, pg_catalog.current_database(), current_user)
    WHERE :wanted AND s.schema_oid IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
) AS f (state, finding)
ORDER BY 1, 2 DESC, 3;

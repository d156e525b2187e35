-- What has to be done before rows of a netty-* table can be moved to its archive, as rows what, text:
-- `refuse` with the reason, or `run` with a statement, in order; none where all is as it should be.
--
-- The archive, <relation>-archive, and the view of both, <relation>-all, are told from tables of the
-- API by their comments, which dumps keep. The archive is like the table, with archived_at. What may
-- read the table may read the two: privileges to SELECT are copied, those that the role's defaults
-- would give others are taken back, and row-level security is on where the table has it (its policies
-- are not copied). The view looks with the rights of who asks (PostgreSQL 15 and newer). Of a record
-- in both the live row is shown.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -f load/sql/archive_plan.sql
WITH live AS (
    SELECT c.oid, n.nspname, c.relname, c.relrowsecurity, c.relowner, c.relacl, :'key' AS key,
        c.relname OPERATOR(pg_catalog.||) '-archive' AS archive_name,
            c.relname OPERATOR(pg_catalog.||) '-all' AS view_name,
        pg_catalog.current_setting('server_version_num')::integer AS version
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation'
), others AS (
    SELECT l.*, a.oid AS archive, a.relrowsecurity AS archive_security, v.oid AS view,
        coalesce(pg_catalog.starts_with(pg_catalog.obj_description(a.oid, 'pg_class'), 'netty-load: archive of '),
            false)
            AND a.relkind OPERATOR(pg_catalog.=) 'r' AS archive_ours,
        coalesce(pg_catalog.starts_with(pg_catalog.obj_description(v.oid, 'pg_class'), 'netty-load: view of '), false)
            AND v.relkind OPERATOR(pg_catalog.=) 'v' AS view_ours
    FROM live AS l
    LEFT JOIN pg_catalog.pg_class AS a
        ON a.relnamespace OPERATOR(pg_catalog.=) (SELECT relnamespace FROM pg_catalog.pg_class
            WHERE oid OPERATOR(pg_catalog.=) l.oid) AND a.relname OPERATOR(pg_catalog.=) l.archive_name
    LEFT JOIN pg_catalog.pg_class AS v
        ON v.relnamespace OPERATOR(pg_catalog.=) (SELECT relnamespace FROM pg_catalog.pg_class
            WHERE oid OPERATOR(pg_catalog.=) l.oid) AND v.relname OPERATOR(pg_catalog.=) l.view_name
), columns AS (
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list,
        pg_catalog.bool_or(a.attname OPERATOR(pg_catalog.=) 'archived_at') AS dated
    FROM live AS l
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) l.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        AND NOT a.attisdropped
), viewed AS (
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list
    FROM others AS o
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) o.view AND a.attnum OPERATOR(pg_catalog.>) 0
        AND NOT a.attisdropped
), readers AS (
    SELECT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END AS name
    FROM (
        SELECT x.grantee FROM live AS l CROSS JOIN pg_catalog.aclexplode(l.relacl) AS x
            WHERE x.privilege_type OPERATOR(pg_catalog.=) 'SELECT'
        UNION
        SELECT l.relowner FROM live AS l
    ) AS x
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) x.grantee
    WHERE (r.rolname OPERATOR(pg_catalog.=) current_user) IS NOT TRUE
), given AS (
    SELECT DISTINCT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(r.rolname) END AS name
    FROM pg_catalog.pg_default_acl AS d
    CROSS JOIN pg_catalog.aclexplode(d.defaclacl) AS x
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) x.grantee
    WHERE d.defaclobjtype OPERATOR(pg_catalog.=) 'r' AND (r.rolname OPERATOR(pg_catalog.=) current_user) IS NOT TRUE
        AND d.defaclrole OPERATOR(pg_catalog.=) (SELECT oid FROM pg_catalog.pg_roles
            WHERE rolname OPERATOR(pg_catalog.=) current_user)
), made AS (
    SELECT o.nspname, o.archive_name AS name FROM others AS o WHERE o.archive IS NULL
    UNION ALL
    SELECT o.nspname, o.view_name
    FROM others AS o, columns AS c, viewed AS v
    WHERE o.view IS NULL OR (v.list OPERATOR(pg_catalog.=) (c.list OPERATOR(pg_catalog.||) ', archived')) IS NOT TRUE
), plan (step, what, text) AS (
    SELECT 0, 'refuse',
        pg_catalog.format('the name %s-archive would be longer than PostgreSQL allows; use --to-file', o.relname)
    FROM others AS o
    WHERE pg_catalog.octet_length(o.archive_name) OPERATOR(pg_catalog.>) 63
    UNION ALL
    SELECT 0, 'refuse',
        pg_catalog.format('%I is there, and is not an archive that netty-load made; rename it, or use --to-file',
        o.archive_name)
    FROM others AS o
    WHERE o.archive IS NOT NULL AND NOT o.archive_ours
    UNION ALL
    SELECT 0, 'refuse',
        pg_catalog.format('%I is there, and is not a view that netty-load made; rename it, or use --to-file',
        o.view_name)
    FROM others AS o
    WHERE o.view IS NOT NULL AND NOT o.view_ours
    UNION ALL
    SELECT 1, 'run',
        pg_catalog.format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING '
        'GENERATED INCLUDING STORAGE%s, %s PRIMARY KEY (%I))', o.nspname, o.archive_name, o.nspname, o.relname,
        CASE WHEN o.version OPERATOR(pg_catalog.>=) 140000 THEN ' INCLUDING COMPRESSION' END,
        CASE WHEN NOT c.dated THEN 'archived_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),' END, o.key)
    FROM others AS o, columns AS c
    WHERE o.archive IS NULL
    UNION ALL
    SELECT 2, 'run', pg_catalog.format('COMMENT ON TABLE %I.%I IS %L', o.nspname, o.archive_name,
        'netty-load: archive of ' OPERATOR(pg_catalog.||) o.relname
            OPERATOR(pg_catalog.||) ', rows that were not modified for long')
    FROM others AS o
    WHERE o.archive IS NULL
    UNION ALL
    SELECT 3, 'run', pg_catalog.format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', o.nspname, o.archive_name)
    FROM others AS o
    WHERE o.relrowsecurity AND o.archive_security IS NOT TRUE
    UNION ALL
    SELECT 4, 'run', pg_catalog.format('ALTER TABLE %I.%I ADD COLUMN %I %s', o.nspname, o.archive_name, a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod))
    FROM others AS o
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) o.oid AND a.attnum OPERATOR(pg_catalog.>) 0
        AND NOT a.attisdropped
    WHERE o.archive IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS b
        WHERE b.attrelid OPERATOR(pg_catalog.=) o.archive AND b.attname OPERATOR(pg_catalog.=) a.attname
            AND NOT b.attisdropped)
    UNION ALL
    SELECT 5, 'run', pg_catalog.format('DROP VIEW %I.%I', o.nspname, o.view_name)
    FROM others AS o, columns AS c, viewed AS v
    WHERE o.view IS NOT NULL
        AND (v.list OPERATOR(pg_catalog.=) (c.list OPERATOR(pg_catalog.||) ', archived')) IS NOT TRUE
    UNION ALL
    SELECT 6, 'run',
        pg_catalog.format('CREATE VIEW %1$I.%2$I%3$s AS SELECT %4$s, false AS archived FROM %1$I.%5$I UNION ALL '
        'SELECT %4$s, true FROM %1$I.%6$I AS a WHERE NOT EXISTS (SELECT FROM %1$I.%5$I AS l WHERE l.%7$I OPERATOR(pg_catalog.=) a.%7$I)',
        o.nspname, o.view_name, CASE WHEN o.version OPERATOR(pg_catalog.>=) 150000
            THEN ' WITH (security_invoker = true)' END, c.list,
        o.relname, o.archive_name, o.key)
    FROM others AS o, columns AS c, viewed AS v
    WHERE (v.list OPERATOR(pg_catalog.=) (c.list OPERATOR(pg_catalog.||) ', archived')) IS NOT TRUE
    UNION ALL
    SELECT 7, 'run', pg_catalog.format('COMMENT ON VIEW %I.%I IS %L', o.nspname, o.view_name,
        'netty-load: view of ' OPERATOR(pg_catalog.||) o.relname OPERATOR(pg_catalog.||) ' and its archive')
    FROM others AS o, columns AS c, viewed AS v
    WHERE (v.list OPERATOR(pg_catalog.=) (c.list OPERATOR(pg_catalog.||) ', archived')) IS NOT TRUE
    UNION ALL
    SELECT 8, 'run', pg_catalog.format('REVOKE ALL ON %I.%I FROM %s', m.nspname, m.name, g.name)
    FROM made AS m, given AS g
    UNION ALL
    SELECT 9, 'run', pg_catalog.format('GRANT SELECT ON %I.%I TO %s', m.nspname, m.name, r.name)
    FROM made AS m, readers AS r
)
SELECT p.what, p.text
FROM plan AS p
ORDER BY p.step, p.text;

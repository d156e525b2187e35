-- What is there for a view that is to be made: one row. old: the server is older than 15, and has no security_invoker; refused: a
-- relation of that name that is no view of netty-load's; there; of_table: the view reads the table; others: relations that depend on
-- it, as text, or null; grants: the statements that give others again what they have, or null.
--
--   psql -v schema=netty -v view=contacts -v table_schema=public -v relation=netty-contacts -f load/sql/view_look.sql
SELECT
    pg_catalog.current_setting('server_version_num')::integer OPERATOR(pg_catalog.<) 150000 AS old,
    pg_catalog.to_regnamespace(pg_catalog.quote_ident(:'schema')) IS NOT NULL AS schema_there,
    v.oid IS NOT NULL AND (v.relkind OPERATOR(pg_catalog.<>) 'v'
        OR pg_catalog.starts_with(pg_catalog.obj_description(v.oid, 'pg_class'), 'netty-load: view of ') IS NOT TRUE) AS refused,
    v.oid IS NOT NULL AS there,
    EXISTS (
        SELECT
        FROM pg_catalog.pg_rewrite AS r
        JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) r.oid
        WHERE r.ev_class OPERATOR(pg_catalog.=) v.oid
            AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'table_schema', :'relation'))
    ) AS of_table,
    (
        SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), ', ')
        FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_rewrite AS r ON r.oid OPERATOR(pg_catalog.=) d.objid
        JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) r.ev_class
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.refobjid OPERATOR(pg_catalog.=) v.oid AND c.oid OPERATOR(pg_catalog.<>) v.oid
    ) AS others,
    (
        SELECT pg_catalog.string_agg(pg_catalog.format('GRANT %s ON %I.%I TO %s%s;', x.privilege_type, :'schema', :'view',
            CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,
            CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), E'\n')
        FROM pg_catalog.aclexplode(v.relacl) AS x
        WHERE x.grantee OPERATOR(pg_catalog.<>) v.relowner
    ) AS grants
FROM (SELECT) AS one
LEFT JOIN pg_catalog.pg_class AS v ON v.oid OPERATOR(pg_catalog.=)
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'view'));

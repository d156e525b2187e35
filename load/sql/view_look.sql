-- Looks at what is there for a view that is to be made: one row.
--
--   old        the server is older than 15, and has no security_invoker
--   refused    a relation of that name is there that is no view of netty-load's
--   there      the view is there
--   of_table   the view reads the table
--   elsewhere  a table of that name in another schema, which the view reads; null: none
--   others     relations that depend on the view, as text; null: none
--   grants     statements that give others again what they have; null: none
--   denied     what keeps this role from making the view, and what to do; null: nothing
--   about      the view's comment; null: none
--
--   psql -v schema=netty -v view=contacts -v table_schema=public -v relation=netty-contacts -f load/sql/view_look.sql
SELECT
    pg_catalog.current_setting('server_version_num')::integer OPERATOR(pg_catalog.<) 150000 AS old,
    ns.oid IS NOT NULL AS schema_there,
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
        SELECT pg_catalog.min(pg_catalog.format('%I.%I', n.nspname, c.relname))
        FROM pg_catalog.pg_rewrite AS r
        JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) r.oid
            AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) d.refobjid
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE r.ev_class OPERATOR(pg_catalog.=) v.oid AND c.oid OPERATOR(pg_catalog.<>) v.oid
            AND c.relname OPERATOR(pg_catalog.=) :'relation' AND n.nspname OPERATOR(pg_catalog.<>) :'table_schema'
    ) AS elsewhere,
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
    ) AS grants,
    CASE
        WHEN ns.oid IS NULL AND NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
        THEN pg_catalog.format('there is no schema %I, and this role may not make it; GRANT CREATE ON DATABASE %I TO %I; or have an '
            'administrator say CREATE SCHEMA %I AUTHORIZATION %I', :'schema', pg_catalog.current_database(), current_user,
            :'schema', current_user)
        WHEN ns.oid IS NOT NULL AND NOT (pg_catalog.has_schema_privilege(ns.oid, 'CREATE')
            AND pg_catalog.has_schema_privilege(ns.oid, 'USAGE'))
        THEN pg_catalog.format('this role may make nothing in the schema %I; GRANT USAGE, CREATE ON SCHEMA %I TO %I; or give another '
            'schema with --views-schema', :'schema', :'schema', current_user)
        WHEN NOT pg_catalog.pg_has_role(v.relowner, 'USAGE')
        THEN pg_catalog.format('the view %I.%I belongs to %I; ALTER VIEW %I.%I OWNER TO %I', :'schema', :'view',
            pg_catalog.pg_get_userbyid(v.relowner), :'schema', :'view', current_user)
    END AS denied,
    pg_catalog.obj_description(v.oid, 'pg_class') AS about
FROM (SELECT) AS one
LEFT JOIN pg_catalog.pg_namespace AS ns ON ns.nspname OPERATOR(pg_catalog.=) :'schema'
LEFT JOIN pg_catalog.pg_class AS v ON v.relnamespace OPERATOR(pg_catalog.=) ns.oid AND v.relname OPERATOR(pg_catalog.=) :'view';

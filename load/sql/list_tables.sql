-- Lists the netty-* tables of a schema or, where the schema is '', the first of each name on search_path. A row has what the loader
-- must know of a table. What it costs depends on what those schemas hold, not on the other tables of the database.
--
--   problem      why the table cannot be loaded, in words; null: it can
--   denied       the problem is a missing permission
--   indexed      an index gives the greatest time_modified
--   identity     changes when the table is emptied or made again. (The file of an unlogged table stays the same when a crash of the
--                server empties it.)
--   direct       COPY into the table does what INSERT does, and rows are stored as they are sent: no partitions, rules, row-level
--                security or triggers of users, and no times that are rounded
--   archive      netty-load archive made the table (archive_plan.sql); it is none of the API's
--   triggers     the names of the triggers that see each row before it is stored; null: none
--   partitioned  the rows are in partitions
--
--   psql -v schema= -f load/sql/list_tables.sql
WITH path AS (
    SELECT CASE WHEN :'schema' OPERATOR(pg_catalog.=) '' THEN pg_catalog.current_schemas(false)
        ELSE ARRAY[:'schema'::pg_catalog.name] END AS names
), spaces AS MATERIALIZED (
    SELECT pg_catalog.to_regnamespace(pg_catalog.quote_ident(u.name::pg_catalog.text))::pg_catalog.oid AS oid, u.place
    FROM path AS p
    CROSS JOIN LATERAL pg_catalog.unnest(p.names) WITH ORDINALITY AS u (name, place)
), held AS MATERIALIZED (
    -- What is in those schemas, by the index of what depends on them: pg_class has none by schema.
    SELECT d.objid AS oid
    FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
        AND d.refobjid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT s.oid FROM spaces AS s))
        AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
), found AS MATERIALIZED (
    SELECT DISTINCT ON (c.relname) c.oid
    FROM pg_catalog.pg_class AS c
    JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT h.oid FROM held AS h))
        AND c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,v,m,f}'::pg_catalog."char"[]) AND NOT c.relispartition
        AND c.relpersistence OPERATOR(pg_catalog.<>) 't'
        AND pg_catalog.starts_with(c.relname, 'netty-')
        AND NOT coalesce(pg_catalog.starts_with(pg_catalog.obj_description(c.oid, 'pg_class'), 'netty-load: view of '),
            false)
    ORDER BY c.relname, c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog."char"[]) DESC, s.place
), distributed AS MATERIALIZED (
    -- What Citus has distributed by its rows ('n': whole tables, as those of a schema that is on one node). Without it there is no such catalog,
    -- and a statement that names it could not be read: so it stands in a text.
    SELECT CASE WHEN pg_catalog.has_table_privilege(pg_catalog.to_regclass('pg_catalog.pg_dist_partition'), 'SELECT')
        THEN CAST(pg_catalog.query_to_xml('SELECT CAST(p.logicalrelid AS pg_catalog.oid) AS oid FROM pg_catalog.pg_dist_partition AS p '
            'WHERE p.partmethod OPERATOR(pg_catalog.<>) ''n''::pg_catalog."char"', false, false, '') AS pg_catalog.text) END AS oids
)
SELECT
    n.nspname AS schema,
    c.relname AS relation,
    pg_catalog.substr(c.relname, pg_catalog.length('netty-') OPERATOR(pg_catalog.+) 1) AS table_name,
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
        JOIN pg_catalog.pg_class x ON x.oid OPERATOR(pg_catalog.=) i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) x.relam
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
            AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0]
        WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid AND i.indpred IS NULL
            AND m.amname OPERATOR(pg_catalog.=) 'btree' AND a.attname OPERATOR(pg_catalog.=) 'time_modified'
    ) AS indexed,
    pg_catalog.concat(c.oid, '.', pg_catalog.pg_relation_filenode(c.oid),
        CASE WHEN c.relpersistence OPERATOR(pg_catalog.=) 'u' AND pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog.=) 0
            THEN '.empty' END) AS identity,
    c.relkind OPERATOR(pg_catalog.=) 'r' AND NOT c.relhasrules AND NOT c.relhassubclass
        AND NOT pg_catalog.row_security_active(c.oid)
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT t.tgisinternal)
        AND NOT EXISTS (
            SELECT
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                AND a.attname OPERATOR(pg_catalog.=) ANY ('{time_created,time_modified}'::pg_catalog.name[])
                AND a.atttypmod OPERATOR(pg_catalog.<>) -1
        ) AS direct,
    own.archive,
    (
        SELECT pg_catalog.string_agg(pg_catalog.quote_ident(g.tgname), ', ')
        FROM pg_catalog.pg_trigger AS g
        WHERE g.tgrelid OPERATOR(pg_catalog.=) c.oid AND NOT g.tgisinternal
            AND g.tgenabled OPERATOR(pg_catalog.<>) 'D'
            AND (g.tgtype OPERATOR(pg_catalog.&) 3::pg_catalog.int2) OPERATOR(pg_catalog.=) 3::pg_catalog.int2
    ) AS triggers,
    c.relkind OPERATOR(pg_catalog.=) 'p' AS partitioned
FROM found AS f
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) f.oid
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.starts_with(pg_catalog.obj_description(c.oid, 'pg_class'), 'netty-load: archive of '),
        false) AS archive
) AS own
LEFT JOIN (VALUES ('v', 'view'), ('m', 'materialized view'), ('f', 'foreign table')) AS kind (letter, name)
    ON kind.letter::pg_catalog."char" OPERATOR(pg_catalog.=) c.relkind
LEFT JOIN LATERAL (
    SELECT a.attname, t.typname, range.low, range.high
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
        AND a.attnum OPERATOR(pg_catalog.=) i.indkey[0]
    JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
    LEFT JOIN (VALUES
        ('int2'::pg_catalog.regtype, '-32768'::bigint, 32767::bigint),
        ('int4'::pg_catalog.regtype, -2147483648, 2147483647),
        ('int8'::pg_catalog.regtype, -9223372036854775808, 9223372036854775807)
    ) AS range (type, low, high) ON range.type OPERATOR(pg_catalog.=) t.oid
    WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary AND i.indnkeyatts OPERATOR(pg_catalog.=) 1
        AND i.indimmediate AND i.indisvalid
) AS k ON true
CROSS JOIN LATERAL (
    SELECT
        -- Without the quotes that quote_all_identifiers puts around it.
        pg_catalog.max(pg_catalog.btrim(pg_catalog.format_type(a.atttypid, NULL), '"'))
            FILTER (WHERE a.attname OPERATOR(pg_catalog.=) 'data') AS data,
        pg_catalog.max(pg_catalog.format_type(a.atttypid, NULL))
            FILTER (WHERE a.attname OPERATOR(pg_catalog.=) 'time_created') AS time_created,
        pg_catalog.max(pg_catalog.format_type(a.atttypid, NULL))
            FILTER (WHERE a.attname OPERATOR(pg_catalog.=) 'time_modified') AS time_modified,
        pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
            WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity OPERATOR(pg_catalog.=) ''
                AND a.attname OPERATOR(pg_catalog.<>) ALL ('{data,time_created,time_modified}'::pg_catalog.name[])
                AND (a.attname OPERATOR(pg_catalog.=) k.attname) IS NOT TRUE) AS others,
        pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (
            WHERE a.attgenerated OPERATOR(pg_catalog.<>) ''
                AND (a.attname OPERATOR(pg_catalog.=) ANY ('{data,time_created,time_modified}'::pg_catalog.name[])
                OR a.attname OPERATOR(pg_catalog.=) k.attname)
        ) AS computed
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
) AS s
LEFT JOIN LATERAL (
    SELECT pg_catalog.format('refuses %s to role %I; GRANT %s ON %I.%I TO %I', pg_catalog.string_agg(p.name, ' and '),
        current_user, pg_catalog.string_agg(p.name, ', '), n.nspname, c.relname, current_user) AS problem
    FROM (VALUES ('SELECT'), ('INSERT'), ('UPDATE')) AS p (name)
    WHERE NOT pg_catalog.has_any_column_privilege(c.oid, p.name)
    HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0
    UNION ALL
    SELECT pg_catalog.format('has row-level security, and no policy that lets role %I insert; CREATE POLICY netty_load ON '
        '%I.%I TO %I USING (true) WITH CHECK (true)', current_user, n.nspname, c.relname, current_user)
    WHERE pg_catalog.row_security_active(c.oid) AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_policy AS o
        CROSS JOIN LATERAL pg_catalog.unnest(o.polroles) AS g (role)
        WHERE o.polrelid OPERATOR(pg_catalog.=) c.oid AND o.polpermissive
            AND o.polcmd OPERATOR(pg_catalog.=) ANY ('{*,a}'::pg_catalog."char"[])
            AND CASE WHEN g.role OPERATOR(pg_catalog.=) 0 THEN true
                ELSE pg_catalog.pg_has_role(g.role, 'USAGE') END
    )
    LIMIT 1
) AS r ON true
CROSS JOIN LATERAL (
    SELECT
        (SELECT r.rulename
            FROM pg_catalog.pg_rewrite AS r
            WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid
                AND r.ev_type OPERATOR(pg_catalog.=) ANY ('{2,3}'::pg_catalog."char"[])
                AND r.ev_enabled OPERATOR(pg_catalog.<>) 'D' AND c.relhasrules
            ORDER BY r.rulename
            LIMIT 1) AS rule,
        CASE WHEN c.relreplident OPERATOR(pg_catalog.=) 'n' THEN (
            SELECT p.pubname
            FROM pg_catalog.pg_publication_tables AS t
            JOIN pg_catalog.pg_publication AS p ON p.pubname OPERATOR(pg_catalog.=) t.pubname AND p.pubupdate
            WHERE t.schemaname OPERATOR(pg_catalog.=) n.nspname AND t.tablename OPERATOR(pg_catalog.=) c.relname
            ORDER BY p.pubname
            LIMIT 1) END AS publication
    -- Planned once, and not again in each place that refers to it.
    OFFSET 0
) AS block
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN kind.name IS NOT NULL
            THEN pg_catalog.format('is a %s, and not a table; rename it, or name the table''s schema with --schema; '
                'ALTER %s %I.%I RENAME TO %I', kind.name, pg_catalog.upper(kind.name), n.nspname, c.relname,
                pg_catalog.concat('other-', c.relname))
        WHEN c.relkind OPERATOR(pg_catalog.=) 'r' AND EXISTS (
            SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent OPERATOR(pg_catalog.=) c.oid)
            THEN 'has inheritance children, whose rows its key does not hold together; NO INHERIT takes them away'
        WHEN (SELECT pg_catalog.strpos(d.oids, pg_catalog.concat('<oid>', c.oid, '</oid>')) FROM distributed AS d) OPERATOR(pg_catalog.>) 0
            THEN pg_catalog.format('is distributed over several nodes by an extension (Citus), which refuses statements of a second load; '
                'a schema for each account works: SELECT undistribute_table(%L), then SELECT citus_schema_distribute(%L)',
                pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.quote_ident(n.nspname))
        WHEN k.attname IS NULL
            THEN pg_catalog.concat('has no primary key of one column, not deferrable', (
                SELECT pg_catalog.format('; ALTER TABLE %I.%I ADD PRIMARY KEY (%I)', n.nspname, c.relname, a.attname)
                FROM pg_catalog.pg_attribute AS a
                WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
                    AND a.atttypid OPERATOR(pg_catalog.=) ANY ('{int2,int4,int8}'::pg_catalog.regtype[])
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i
                        WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisprimary)
                ORDER BY a.attnum
                LIMIT 1))
        WHEN k.low IS NULL
            THEN pg_catalog.format('has the key %I of a type other than smallint, integer and bigint; '
                'ALTER TABLE %I.%I ALTER %I TYPE bigint USING %I::bigint', k.attname, n.nspname, c.relname, k.attname, k.attname)
        WHEN (s.data OPERATOR(pg_catalog.=) 'jsonb') IS NOT TRUE
            THEN pg_catalog.format('has no column data of type jsonb; ALTER TABLE %I.%I %s', n.nspname, c.relname,
                CASE WHEN s.data IS NULL THEN 'ADD data jsonb' ELSE 'ALTER data TYPE jsonb USING data::jsonb' END)
        WHEN (s.time_created OPERATOR(pg_catalog.=) 'timestamp with time zone') IS NOT TRUE
            THEN pg_catalog.format('has no column time_created of type timestamptz; ALTER TABLE %I.%I %s', n.nspname, c.relname,
                CASE WHEN s.time_created IS NULL THEN 'ADD time_created timestamptz'
                    ELSE 'ALTER time_created TYPE timestamptz' END)
        WHEN (s.time_modified OPERATOR(pg_catalog.=) 'timestamp with time zone') IS NOT TRUE
            THEN pg_catalog.format('has no column time_modified of type timestamptz; ALTER TABLE %I.%I %s', n.nspname, c.relname,
                CASE WHEN s.time_modified IS NULL THEN 'ADD time_modified timestamptz'
                    ELSE 'ALTER time_modified TYPE timestamptz' END)
        WHEN s.computed IS NOT NULL
            THEN pg_catalog.format('has generated columns, which nobody can write: %s', s.computed)
        WHEN s.others IS NOT NULL
            THEN pg_catalog.format('has columns without default that may not be null: %s; ALTER TABLE %I.%I ALTER %s DROP NOT NULL',
                s.others, n.nspname, c.relname,
                pg_catalog.replace(s.others, ', ', ' DROP NOT NULL, ALTER '))
        WHEN block.rule IS NOT NULL
            THEN pg_catalog.format('has the rule %I for INSERT or UPDATE, which does not go with ON CONFLICT; '
                'DROP RULE %I ON %I.%I', block.rule, block.rule, n.nspname, c.relname)
        WHEN block.publication IS NOT NULL
            THEN pg_catalog.format('has no replica identity, which its publication %I needs for updates; '
                'ALTER TABLE %I.%I REPLICA IDENTITY DEFAULT', block.publication, n.nspname, c.relname)
    END AS problem
    OFFSET 0
) AS shape
ORDER BY c.relname;

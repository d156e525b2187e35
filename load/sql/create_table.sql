-- One netty-* table, in this schema or, without one (''), in the first of search_path (first_schema.sql). It is its owner's alone:
-- row-level security is on, and what the default privileges have granted to others is taken back. A relation of that name which
-- is there is left as it is. The lock, which ends with the transaction, is for two loaders that create the same one at once.
-- One row: grant policy, statements that let another role read it.
--
--   psql -1 -v schema= -v first_schema="$(cat load/sql/first_schema.sql)" -v relation=netty-contacts -v key=contact_id -f load/sql/create_table.sql
SELECT
    pg_catalog.pg_advisory_xact_lock(7954892360421172322),
    pg_catalog.set_config('netty_load.schema', CASE WHEN :'schema' OPERATOR(pg_catalog.=) ''
        THEN :first_schema ELSE :'schema' END, true),
    pg_catalog.set_config('netty_load.relation', :'relation', true),
    pg_catalog.set_config('netty_load.key', :'key', true);
SET LOCAL search_path = pg_catalog, pg_temp;
DO $$
DECLARE
    schema CONSTANT pg_catalog.text := pg_catalog.current_setting('netty_load.schema');
    relation CONSTANT pg_catalog.text := pg_catalog.current_setting('netty_load.relation');
    grantee pg_catalog.text;
BEGIN
    IF schema OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'no schema of search_path exists; name one with --schema' USING ERRCODE = 'invalid_schema_name';
    END IF;
    IF pg_catalog.to_regclass(pg_catalog.format('%I.%I', schema, relation)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE pg_catalog.format('CREATE TABLE %I.%I (%I integer PRIMARY KEY, data pg_catalog.jsonb NOT NULL, '
        'time_created pg_catalog.timestamptz, time_modified pg_catalog.timestamptz, '
        'created_at pg_catalog.timestamptz DEFAULT pg_catalog.timezone(''utc'', pg_catalog.now()))',
        schema, relation, pg_catalog.current_setting('netty_load.key'));
    EXECUTE pg_catalog.format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY', schema, relation);
    FOR grantee IN
        SELECT DISTINCT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
        FROM pg_catalog.pg_class AS c
        CROSS JOIN pg_catalog.aclexplode(c.relacl) AS x
        WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(pg_catalog.format('%I.%I', schema, relation))
            AND x.grantee OPERATOR(pg_catalog.<>) c.relowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %I.%I FROM %s', schema, relation, grantee);
    END LOOP;
END
$$;
SELECT
    pg_catalog.format('GRANT USAGE ON SCHEMA %1$I TO ROLE; GRANT SELECT ON %1$I.%2$I TO ROLE',
        s.name, :'relation') AS grant,
    pg_catalog.format('CREATE POLICY "read" ON %I.%I FOR SELECT TO ROLE USING (true)', s.name, :'relation') AS policy
FROM pg_catalog.current_setting('netty_load.schema') AS s (name);

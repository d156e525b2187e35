-- A view that was just made is its owner's alone: what the default privileges have granted to others is taken back.
--
--   psql -1 -v schema=netty -v view=contacts -f load/sql/view_private.sql
SELECT pg_catalog.set_config('netty_load.schema', :'schema', true), pg_catalog.set_config('netty_load.relation', :'view', true);
DO $$
DECLARE
    name CONSTANT pg_catalog.text := pg_catalog.format('%I.%I', pg_catalog.current_setting('netty_load.schema'),
        pg_catalog.current_setting('netty_load.relation'));
    grantee pg_catalog.text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
        FROM pg_catalog.pg_class AS c
        CROSS JOIN pg_catalog.aclexplode(c.relacl) AS x
        WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(name) AND x.grantee OPERATOR(pg_catalog.<>) c.relowner
    LOOP
        EXECUTE pg_catalog.concat('REVOKE ALL ON ', name, ' FROM ', grantee);
    END LOOP;
END
$$;

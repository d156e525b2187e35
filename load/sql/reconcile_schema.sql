-- The bookkeeping of what was found deleted, where it is missing.
--
--   psql -f load/sql/schema.sql -f load/sql/reconcile_schema.sql
DO $$
DECLARE
    grantee pg_catalog.text;
BEGIN
    IF pg_catalog.to_regclass('netty_sync.reconcile') IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.pg_advisory_xact_lock(7954892360421172322);
    IF pg_catalog.to_regnamespace('netty_sync') IS NULL THEN
        CREATE SCHEMA netty_sync;
        COMMENT ON SCHEMA netty_sync IS 'How far netty-load has come';
    END IF;
    IF pg_catalog.to_regclass('netty_sync.reconcile') IS NULL THEN
        CREATE TABLE netty_sync.reconcile (
            spool pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            roll bigint NOT NULL DEFAULT 0,
            looks bigint NOT NULL DEFAULT 0,
            marked bigint NOT NULL DEFAULT 0,
            marked_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
            PRIMARY KEY (spool, table_name)
        );
        COMMENT ON TABLE netty_sync.reconcile IS
            'Of each spool and table, the roll (by its beginning, in microseconds since 1970) whose looks have been '
            'acted on so far, and how many records were marked as deleted in it';
        FOR grantee IN
            SELECT DISTINCT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
            FROM pg_catalog.pg_class AS c
            CROSS JOIN pg_catalog.aclexplode(c.relacl) AS x
            WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.reconcile')
                AND x.grantee OPERATOR(pg_catalog.<>) c.relowner
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON netty_sync.reconcile FROM %s', grantee);
        END LOOP;
    END IF;
END
$$;

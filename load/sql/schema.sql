-- The loader's bookkeeping, where it is missing or of an earlier form. Looks before it creates, so that a
-- role that may not create can use what is there, and a standby can be asked; locks before it creates,
-- so that two loaders may start at once. What default privileges would give to others is taken back.
--
--   psql -f load/sql/schema.sql
DO $$
DECLARE
    grantee pg_catalog.text;
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute
        WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress')
            AND attname OPERATOR(pg_catalog.=) 'lane' AND NOT attisdropped
    ) THEN
        RETURN;
    END IF;
    PERFORM pg_catalog.pg_advisory_xact_lock(7954892360421172322);
    IF pg_catalog.to_regnamespace('netty_sync') IS NULL THEN
        CREATE SCHEMA netty_sync;
        COMMENT ON SCHEMA netty_sync IS 'How far netty-load has come';
    END IF;
    IF pg_catalog.to_regclass('netty_sync.progress') IS NULL THEN
        CREATE TABLE netty_sync.progress (
            spool pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            lane smallint NOT NULL,
            segment bigint NOT NULL DEFAULT 0,
            page bigint NOT NULL DEFAULT 0,
            line bigint NOT NULL DEFAULT 0,
            loaded_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
            PRIMARY KEY (spool, table_name, lane)
        );
        COMMENT ON TABLE netty_sync.progress IS
            'Of each spool and table, and of the keys of each lane, the pages up to and with (segment, page) are in';
        COMMENT ON COLUMN netty_sync.progress.line IS
            '0: the whole page is in; else so many of its lines, for it is larger than a batch';
        FOR grantee IN
            SELECT DISTINCT CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END
            FROM pg_catalog.pg_class AS c
            CROSS JOIN pg_catalog.aclexplode(c.relacl) AS x
            WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress')
                AND x.grantee OPERATOR(pg_catalog.<>) c.relowner
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON netty_sync.progress FROM %s', grantee);
        END LOOP;
    ELSIF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute
        WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress')
            AND attname OPERATOR(pg_catalog.=) 'lane' AND NOT attisdropped
    ) THEN
        ALTER TABLE netty_sync.progress
            ADD COLUMN lane smallint NOT NULL DEFAULT 0,
            DROP CONSTRAINT progress_pkey,
            ADD PRIMARY KEY (spool, table_name, lane);
        ALTER TABLE netty_sync.progress ALTER COLUMN lane DROP DEFAULT;
        INSERT INTO netty_sync.progress (spool, table_name, lane, segment, page, line, loaded_at)
        SELECT p.spool, p.table_name, l.lane, p.segment, p.page, p.line, p.loaded_at
        FROM netty_sync.progress AS p
        CROSS JOIN pg_catalog.generate_series(1, 3) AS l (lane);
    END IF;
END
$$;

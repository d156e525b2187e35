-- The loader's bookkeeping, where it is missing. Looks before it creates, so that a role that may not
-- create can use what is there, and a standby can be asked; locks before it creates, so that two
-- loaders may start at once.
--
--   psql -f load/sql/schema.sql
DO $$
BEGIN
    IF to_regclass('netty_sync.progress') IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7954892360421172322);
    IF to_regnamespace('netty_sync') IS NULL THEN
        CREATE SCHEMA netty_sync;
        COMMENT ON SCHEMA netty_sync IS 'How far netty-load has come';
    END IF;
    IF to_regclass('netty_sync.progress') IS NULL THEN
        CREATE TABLE netty_sync.progress (
            spool text NOT NULL,
            table_name text NOT NULL,
            segment bigint NOT NULL DEFAULT 0,
            page bigint NOT NULL DEFAULT 0,
            line bigint NOT NULL DEFAULT 0,
            loaded_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (spool, table_name)
        );
        COMMENT ON TABLE netty_sync.progress IS
            'Of each spool and table, the pages up to and with (segment, page) are in';
        COMMENT ON COLUMN netty_sync.progress.line IS
            '0: the whole page is in; else so many of its lines, for it is larger than a batch';
    END IF;
END
$$;

-- The loader's bookkeeping, where it is missing or of an earlier form. Looks before it creates, so that a
-- role that may not create can use what is there, and a standby can be asked; locks before it creates,
-- so that two loaders may start at once. What default privileges would give to others is taken back. Progress of
-- an earlier form has no schema (progress_adopt.sql).
--
--   psql -f load/sql/schema.sql
DO $$
DECLARE
    grantee pg_catalog.text;
    fresh pg_catalog.text[];
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_class
        WHERE oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.book')
    ) AND (
        (pg_catalog.to_regclass('netty_sync.stored_in') IS NOT NULL
            AND pg_catalog.to_regclass('netty_sync.unchecked') IS NOT NULL
            AND pg_catalog.to_regclass('netty_sync.put_away') IS NOT NULL)
        OR NOT pg_catalog.has_schema_privilege('netty_sync', 'CREATE')
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
        WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress') AND attname OPERATOR(pg_catalog.=) 'lane' AND NOT attisdropped
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
    IF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute
        WHERE attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.progress') AND attname OPERATOR(pg_catalog.=) 'chain' AND NOT attisdropped
    ) THEN
        ALTER TABLE netty_sync.progress
            ADD COLUMN schema_name pg_catalog.text NOT NULL DEFAULT '',
            ADD COLUMN branch pg_catalog.text NOT NULL DEFAULT '',
            ADD COLUMN chain pg_catalog.text NOT NULL DEFAULT '',
            ADD COLUMN fetched pg_catalog.timestamptz,
            ADD COLUMN relation pg_catalog.oid,
            ADD COLUMN book pg_catalog.oid,
            DROP CONSTRAINT progress_pkey,
            ADD PRIMARY KEY (spool, schema_name, table_name, branch, lane);
        COMMENT ON COLUMN netty_sync.progress.branch IS
            'Where the spool has gone on in more than one way: the chain of the first page that differs';
        COMMENT ON COLUMN netty_sync.progress.chain IS
            'Which page (segment, page) is: that place may be another page''s in another history of the spool';
        COMMENT ON COLUMN netty_sync.progress.fetched IS 'When the newest page that is in was fetched';
        COMMENT ON COLUMN netty_sync.progress.relation IS
            'Which table this is about; book is this one''s own number: where that differs a dump was restored';
        CREATE TABLE netty_sync.loaded_page (
            spool pg_catalog.text NOT NULL,
            schema_name pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            branch pg_catalog.text NOT NULL,
            segment bigint NOT NULL,
            page bigint NOT NULL,
            chains pg_catalog.text NOT NULL,
            PRIMARY KEY (spool, schema_name, table_name, branch, segment, page)
        );
        COMMENT ON TABLE netty_sync.loaded_page IS
            'Which pages are in, by their chains (16 digits each), from that page of the segment on';
        CREATE TABLE netty_sync.hole (
            spool pg_catalog.text NOT NULL,
            schema_name pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            branch pg_catalog.text NOT NULL,
            segment bigint NOT NULL,
            page bigint NOT NULL,
            after_segment bigint NOT NULL,
            after_page bigint NOT NULL,
            gap boolean NOT NULL,
            since pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
            why pg_catalog.text NOT NULL,
            PRIMARY KEY (spool, schema_name, table_name, branch, segment, page)
        );
        COMMENT ON TABLE netty_sync.hole IS
            'Pages behind (after_segment, after_page), up to and with (segment, page), that could not be read when it was their turn';
    END IF;
    fresh := ARRAY(
        SELECT n.name
        FROM pg_catalog.unnest('{stored_in,unchecked,put_away,book}'::pg_catalog.text[]) AS n (name)
        WHERE pg_catalog.to_regclass(pg_catalog.concat('netty_sync.', n.name)) IS NULL
    );
    IF 'stored_in' OPERATOR(pg_catalog.=) ANY (fresh) THEN
        CREATE TABLE netty_sync.stored_in (
            spool pg_catalog.text NOT NULL,
            schema_name pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            identity pg_catalog.text NOT NULL,
            PRIMARY KEY (spool, schema_name, table_name)
        );
        COMMENT ON TABLE netty_sync.stored_in IS
            'The tables that were loaded into: oid and storage file, the latter another one once a table was emptied or rewritten';
    END IF;
    IF 'unchecked' OPERATOR(pg_catalog.=) ANY (fresh) THEN
        CREATE TABLE netty_sync.unchecked (
            spool pg_catalog.text NOT NULL,
            schema_name pg_catalog.text NOT NULL,
            table_name pg_catalog.text NOT NULL,
            since pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now(),
            PRIMARY KEY (spool, schema_name, table_name)
        );
        COMMENT ON TABLE netty_sync.unchecked IS
            'Tables that were emptied, made again or rewritten since they were loaded, until netty-load check has found them equal to the spool';
    END IF;
    IF 'put_away' OPERATOR(pg_catalog.=) ANY (fresh) THEN
        CREATE TABLE netty_sync.put_away (
            schema_name pg_catalog.text NOT NULL,
            relation_name pg_catalog.text NOT NULL,
            key bigint NOT NULL,
            time_modified pg_catalog.timestamptz,
            PRIMARY KEY (schema_name, relation_name, key)
        );
        COMMENT ON TABLE netty_sync.put_away IS
            'Rows that purge and archive took out into a file: versions as old as that do not come back when the table is loaded again';
    END IF;
    IF 'book' OPERATOR(pg_catalog.=) ANY (fresh) THEN
        CREATE TABLE netty_sync.book (id pg_catalog.text PRIMARY KEY);
        COMMENT ON TABLE netty_sync.book IS 'By this a spool knows a database again that was moved with a dump';
        INSERT INTO netty_sync.book (id) VALUES (pg_catalog.md5(pg_catalog.concat(pg_catalog.random(), pg_catalog.clock_timestamp(),
            pg_catalog.pg_backend_pid(), pg_catalog.random())));
        fresh := fresh OPERATOR(pg_catalog.||) '{loaded_page,hole}'::pg_catalog.text[];
    END IF;
    FOR grantee IN
        SELECT DISTINCT pg_catalog.format('netty_sync.%I FROM %s', c.relname,
            CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END)
        FROM pg_catalog.pg_class AS c
        CROSS JOIN pg_catalog.aclexplode(c.relacl) AS x
        WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.to_regnamespace('netty_sync')
            AND c.relname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (fresh) AND x.grantee OPERATOR(pg_catalog.<>) c.relowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s', grantee);
    END LOOP;
END
$$;

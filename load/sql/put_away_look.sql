-- Does the table have rows elsewhere: in an archive that netty-load made and this role may read, or noted as taken out into a file
-- (put_away_note.sql). noted is null where this role may not note any.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/put_away_look.sql
SELECT
    EXISTS (
        SELECT
        FROM pg_catalog.pg_class AS k
        JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) k.relnamespace
        WHERE n.nspname OPERATOR(pg_catalog.=) :'schema' AND k.relkind OPERATOR(pg_catalog.=) 'r'
            AND k.relname OPERATOR(pg_catalog.=) pg_catalog.concat(:'relation', '-archive')
            AND pg_catalog.starts_with(pg_catalog.obj_description(k.oid, 'pg_class'), 'netty-load: archive of ')
            AND pg_catalog.has_table_privilege(k.oid, 'SELECT')
    ) AS archived,
    (
        SELECT pg_catalog.pg_relation_size(c.oid) OPERATOR(pg_catalog.>) 0
        FROM pg_catalog.pg_class AS c
        WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('netty_sync.put_away')
            AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
            AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
            AND pg_catalog.has_table_privilege(c.oid, 'UPDATE')
    ) AS noted;

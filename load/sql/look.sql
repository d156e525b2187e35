-- Which database this is (loaded_id.sql), and on which of its cluster's timelines; writable: it may be written to; whole: its
-- bookkeeping is all there and of the present form, so that schema.sql would change nothing.
--
--   psql -f load/sql/look.sql
SELECT c.system_identifier::pg_catalog.text OPERATOR(pg_catalog.||) '.'
    OPERATOR(pg_catalog.||) d.oid::pg_catalog.text AS id, d.datname AS name, k.timeline_id AS timeline,
    NOT pg_catalog.pg_is_in_recovery()
        AND NOT pg_catalog.current_setting('default_transaction_read_only')::boolean AS writable,
    NOT EXISTS (
        SELECT
        FROM pg_catalog.unnest('{progress,loaded_page,hole,stored_in,unchecked,put_away,book}'::pg_catalog.text[]) AS n (name)
        WHERE pg_catalog.to_regclass(pg_catalog.concat('netty_sync.', n.name)) IS NULL
    ) AS whole
FROM pg_catalog.pg_control_system() AS c
CROSS JOIN pg_catalog.pg_control_checkpoint() AS k
CROSS JOIN pg_catalog.pg_database AS d
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

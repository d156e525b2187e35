-- Which relation this is, of all clusters there are, and on which of the cluster's timelines.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/unchanged_id.sql
SELECT pg_catalog.concat_ws('.', c.system_identifier, d.oid,
    pg_catalog.format('%I.%I', :'schema'::pg_catalog.text, :'relation'::pg_catalog.text)::pg_catalog.regclass::pg_catalog.oid) AS id,
    k.timeline_id AS timeline
FROM pg_catalog.pg_control_system() AS c
CROSS JOIN pg_catalog.pg_control_checkpoint() AS k
CROSS JOIN pg_catalog.pg_database AS d
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

-- Which relation this is ($1 its schema, $2 its name), of all clusters there are, and on which of the cluster's timelines.
SELECT pg_catalog.concat_ws('.', c.system_identifier, d.oid,
    pg_catalog.format('%I.%I', $1::pg_catalog.text, $2::pg_catalog.text)::pg_catalog.regclass::pg_catalog.oid) AS id,
    k.timeline_id AS timeline
FROM pg_catalog.pg_control_system() AS c
CROSS JOIN pg_catalog.pg_control_checkpoint() AS k
CROSS JOIN pg_catalog.pg_database AS d
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

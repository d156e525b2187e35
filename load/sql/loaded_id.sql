-- Which database this is: its cluster's identifier, which copies of the files keep and which a dump
-- restored elsewhere does not have, with the database's number in it; and its name, for people.
--
--   psql -f load/sql/loaded_id.sql
SELECT c.system_identifier::pg_catalog.text OPERATOR(pg_catalog.||) '.'
    OPERATOR(pg_catalog.||) d.oid::pg_catalog.text AS id, d.datname AS name
FROM pg_catalog.pg_control_system() AS c
CROSS JOIN pg_catalog.pg_database AS d
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database();

-- Keys and times from a key on, in order: to be compared with the spool's.
--
--   psql ... -v key=contact_id -v from=0 -v rows=1000 -f load/sql/inspect_modified.sql
SELECT t.:"key" AS key,
    CASE WHEN pg_catalog.isfinite(t.time_modified)
        THEN (extract(epoch FROM t.time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint END AS modified
FROM :"schema".:"relation" AS t
WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint
ORDER BY t.:"key"
LIMIT :'rows'::bigint;

-- Looks from a key on: the last of so many keys, and how many there are (0: no more). Commands go through a table in such windows,
-- so that each of their statements ends soon, however few rows it finds.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -v from=0 -v rows=1000 -f load/sql/window.sql
SELECT pg_catalog.max(w.key)::bigint AS last, pg_catalog.count(*) AS rows
FROM (
    SELECT t.:"key" AS key
    FROM :"schema".:"relation" AS t
    WHERE t.:"key" OPERATOR(pg_catalog.>=) :'from'::bigint
    ORDER BY t.:"key"
    LIMIT :'rows'::bigint
) AS w;

-- How many rows there are more than keys, read from the table itself: an index that is damaged would not
-- tell. Reads the whole table.
--
--   psql ... -v key=contact_id -f load/sql/inspect_keys.sql
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = on;
SELECT pg_catalog.count(*) OPERATOR(pg_catalog.-) pg_catalog.count(DISTINCT t.:"key") AS twice
FROM :"schema".:"relation" AS t;

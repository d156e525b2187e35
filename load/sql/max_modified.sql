-- Where an extractor without a position may begin: the greatest time_modified, in microseconds since
-- 1970 (null: none). Times in the future do not count, for they would hide other records' changes.
-- Reads the whole table where time_modified has no index.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/max_modified.sql
SELECT (extract(epoch FROM pg_catalog.max(time_modified)) OPERATOR(pg_catalog.*) 1000000)::bigint AS time_modified
FROM :"schema".:"relation"
WHERE time_modified OPERATOR(pg_catalog.>) '-infinity' AND time_modified OPERATOR(pg_catalog.<=) pg_catalog.now();

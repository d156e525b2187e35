-- Which pages the transaction has brought in, to commit with it: runs of a segment's pages, by their chains.
--
--   psql ... -v spool=ID -v table_name=contacts -v schema=public -v branch= -v segments='{1,2}' -v pages='{7,1}' \
--        -v chains='{0123456789abcdef,0123456789abcdeffedcba9876543210}' -f load/sql/pages_store.sql
INSERT INTO netty_sync.loaded_page (spool, schema_name, table_name, branch, segment, page, chains)
SELECT :'spool', :'schema', :'table_name', :'branch', n.segment, n.page, n.chains
FROM ROWS FROM (
    pg_catalog.unnest(:'segments'::bigint[]), pg_catalog.unnest(:'pages'::bigint[]), pg_catalog.unnest(:'chains'::pg_catalog.text[])
) AS n (segment, page, chains)
ON CONFLICT (spool, schema_name, table_name, branch, segment, page) DO NOTHING;

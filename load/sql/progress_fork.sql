-- A branch of this spool's table, from where it parts from the others: a row a lane (load/row/lane.h).
--
--   psql -v spool=ID -v table_name=contacts -v schema=public -v relation=netty-contacts -v branch=0123456789abcdef \
--        -v segments='{1,1,1,1}' -v pages='{3,3,3,3}' -v lines='{0,0,0,0}' -v chains='{…,…,…,…}' -f load/sql/progress_fork.sql
INSERT INTO netty_sync.progress (spool, schema_name, table_name, branch, lane, segment, page, line, chain, relation, book)
SELECT :'spool', :'schema', :'table_name', :'branch', n.lane OPERATOR(pg_catalog.-) 1, n.segment, n.page, n.line, n.chain,
    pg_catalog.to_regclass(pg_catalog.format('%I.%I', :'schema', :'relation'))::pg_catalog.oid,
    pg_catalog.to_regclass('netty_sync.progress')::pg_catalog.oid
FROM ROWS FROM (
    pg_catalog.unnest(:'segments'::bigint[]), pg_catalog.unnest(:'pages'::bigint[]),
    pg_catalog.unnest(:'lines'::bigint[]), pg_catalog.unnest(:'chains'::pg_catalog.text[])
) WITH ORDINALITY AS n (segment, page, line, chain, lane)
ON CONFLICT (spool, schema_name, table_name, branch, lane) DO NOTHING;

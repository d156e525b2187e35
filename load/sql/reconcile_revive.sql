-- Takes marks back ($1: keys, $2: the marks as they were seen, $3: whether the source shows the record as
-- deleted): the source has these records after all.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_revive.sql
WITH revived AS (
    UPDATE :"schema".:"relation" AS t
    SET data = (t.data OPERATOR(pg_catalog.-) 'deleted_detected_at')
        OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('deleted', g.deleted)
    FROM ROWS
        FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.text[]),
            pg_catalog.unnest($3::boolean[])) AS g (key, marked, deleted)
    WHERE t.:"key" OPERATOR(pg_catalog.=) CAST(g.key AS pg_catalog.:"keytype")
        AND t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' OPERATOR(pg_catalog.=) g.marked
    RETURNING 1
)
SELECT pg_catalog.count(*) AS revived
FROM revived;

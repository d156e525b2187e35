-- Takes marks back ($1: keys, $2: the marks as they were seen, $3: whether the source shows the record as
-- deleted): the source has these records after all. No function in it is merely STABLE, as jsonb_build_object is: Citus refuses those in
-- an UPDATE that looks at a row.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_revive.sql
WITH revived AS (
    UPDATE :"schema".:"relation" AS t
    SET data = (t.data OPERATOR(pg_catalog.-) 'deleted_detected_at')
        OPERATOR(pg_catalog.||) CASE WHEN g.deleted THEN '{"deleted": true}'::pg_catalog.jsonb
            ELSE '{"deleted": false}'::pg_catalog.jsonb END
    FROM ROWS
        FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.text[]),
            pg_catalog.unnest($3::boolean[])) AS g (key, marked, deleted)
    WHERE t.:"key" OPERATOR(pg_catalog.=) CAST(g.key AS pg_catalog.:"keytype")
        AND t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' OPERATOR(pg_catalog.=) g.marked
    RETURNING 1
)
SELECT pg_catalog.count(*) AS revived
FROM revived;

-- Takes marks back ($1: keys, $2: the marks as they were seen, $3: whether the source shows the record as
-- deleted): the source has these records after all.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v keytype=int4 -f load/sql/reconcile_revive.sql
WITH revived AS (
    UPDATE :"schema".:"relation" AS t
    SET data = (t.data - 'deleted_detected_at') || jsonb_build_object('deleted', g.deleted)
    FROM unnest($1::bigint[], $2::text[], $3::boolean[]) AS g (key, marked, deleted)
    WHERE t.:"key" = CAST(g.key AS :"keytype") AND t.data->>'deleted_detected_at' = g.marked
    RETURNING 1
)
SELECT count(*) AS revived
FROM revived;

-- What the transaction has loaded, to commit with it. The row is there: progress_lock.sql made it.
--
--   psql ... -v spool=ID -v table_name=contacts -v segment=1 -v page=3 -v line=0 \
--        -f load/sql/progress_store.sql -c COMMIT
UPDATE netty_sync.progress
SET segment = :'segment'::bigint, page = :'page'::bigint, line = :'line'::bigint, loaded_at = now()
WHERE spool = :'spool' AND table_name = :'table_name';

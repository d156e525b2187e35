-- Fills the batch with what batch_encode makes (load/batch/batch.h). From psql, write rows into
-- pg_temp.netty_batch with INSERT or \copy instead.
COPY pg_temp.netty_batch (key, data, time_created, time_modified) FROM STDIN (FORMAT binary);

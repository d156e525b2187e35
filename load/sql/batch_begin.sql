-- The batch's rows on the server, until the transaction ends. data is text: the cast to jsonb happens
-- once, in the upsert. Rows are read once and soon, so they are not worth compressing.
--
--   psql -f load/sql/begin.sql -f load/sql/batch_begin.sql ...
CREATE TEMPORARY TABLE pg_temp.netty_batch (
    key bigint,
    data pg_catalog.text,
    time_created pg_catalog.timestamptz,
    time_modified pg_catalog.timestamptz
) WITH (toast_tuple_target = 8160) ON COMMIT DROP;

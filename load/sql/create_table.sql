-- One netty-* table in the first schema of search_path that takes it. The lock, which ends with the
-- transaction, is for two loaders that create the same one at once.
--
--   psql -1 -v relation=netty-contacts -v key=contact_id -f load/sql/create_table.sql
SELECT pg_catalog.pg_advisory_xact_lock(7954892360421172322);
CREATE TABLE IF NOT EXISTS :"relation" (
    :"key" integer PRIMARY KEY,
    data pg_catalog.jsonb NOT NULL,
    time_created pg_catalog.timestamptz,
    time_modified pg_catalog.timestamptz,
    created_at pg_catalog.timestamptz DEFAULT pg_catalog.timezone('utc', pg_catalog.now())
);

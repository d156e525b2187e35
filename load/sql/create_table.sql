-- One netty-* table in the first schema of search_path that takes it. The lock, which ends with the
-- transaction, is for two loaders that create the same one at once.
--
--   psql -1 -v relation=netty-contacts -v key=contact_id -f load/sql/create_table.sql
SELECT pg_advisory_xact_lock(7954892360421172322);
CREATE TABLE IF NOT EXISTS :"relation" (
    :"key" integer PRIMARY KEY,
    data jsonb NOT NULL,
    time_created timestamptz,
    time_modified timestamptz,
    created_at timestamptz DEFAULT timezone('utc', now())
);

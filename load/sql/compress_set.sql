-- From now on new values of data are compressed with lz4; old ones stay as they are. The lock is short, and
-- not waited for for long.
--
--   psql -1 -v schema=public -v relation=netty-contacts -f load/sql/compress_set.sql
SET LOCAL lock_timeout = '3s';
ALTER TABLE :"schema".:"relation" ALTER COLUMN data SET COMPRESSION lz4;

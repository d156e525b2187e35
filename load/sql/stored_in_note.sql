-- Notes in which table the spool's records of this table are stored: from now on, all of them are in this one.
--
--   psql -v spool=ID -v schema=public -v table_name=contacts -v identity=16384.16401 -f load/sql/stored_in_note.sql
INSERT INTO netty_sync.stored_in (spool, schema_name, table_name, identity)
VALUES (:'spool', :'schema', :'table_name', :'identity')
ON CONFLICT (spool, schema_name, table_name) DO UPDATE SET identity = excluded.identity;

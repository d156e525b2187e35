-- Which pages of this spool's table have ever been loaded into the schema, in whatever branch; the latest place first.
SELECT branch, segment, page, chains
FROM netty_sync.loaded_page
WHERE spool OPERATOR(pg_catalog.=) :'spool' AND table_name OPERATOR(pg_catalog.=) :'table_name' AND schema_name OPERATOR(pg_catalog.=) :'schema'
ORDER BY segment DESC, page DESC;

-- A table's digest, to compare with that of `netty-spool digest TABLE`: spool/FORMAT.md, section 13, says what it
-- covers. Reads the whole table. A time that is infinite is as none.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -f load/sql/digest.sql
WITH hashes AS (
    SELECT pg_catalog.md5(:"key"::pg_catalog.text OPERATOR(pg_catalog.||) '|' OPERATOR(pg_catalog.||) coalesce(
        CASE WHEN pg_catalog.isfinite(time_modified)
            THEN (extract(epoch FROM time_modified) OPERATOR(pg_catalog.*) 1000000)::bigint
        END::pg_catalog.text, '')) AS hash
    FROM :"schema".:"relation"
), lanes AS (
    SELECT
        pg_catalog.count(*) AS records,
        coalesce(pg_catalog.sum(('x' OPERATOR(pg_catalog.||) pg_catalog.substr(hash, 1, 8))::bit(32)::bigint), 0)
            OPERATOR(pg_catalog.%) 4294967296 AS a,
        coalesce(pg_catalog.sum(('x' OPERATOR(pg_catalog.||) pg_catalog.substr(hash, 9, 8))::bit(32)::bigint), 0)
            OPERATOR(pg_catalog.%) 4294967296 AS b,
        coalesce(pg_catalog.sum(('x' OPERATOR(pg_catalog.||) pg_catalog.substr(hash, 17, 8))::bit(32)::bigint), 0)
            OPERATOR(pg_catalog.%) 4294967296 AS c,
        coalesce(pg_catalog.sum(('x' OPERATOR(pg_catalog.||) pg_catalog.substr(hash, 25, 8))::bit(32)::bigint), 0)
            OPERATOR(pg_catalog.%) 4294967296 AS d
    FROM hashes
)
SELECT
    records,
    pg_catalog.lpad(pg_catalog.to_hex(a::bigint), 8, '0')
        OPERATOR(pg_catalog.||) pg_catalog.lpad(pg_catalog.to_hex(b::bigint), 8, '0')
        OPERATOR(pg_catalog.||) pg_catalog.lpad(pg_catalog.to_hex(c::bigint), 8, '0')
        OPERATOR(pg_catalog.||) pg_catalog.lpad(pg_catalog.to_hex(d::bigint), 8, '0') AS digest
FROM lanes;

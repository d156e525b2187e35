-- A table's digest, to compare with that of `netty-spool digest TABLE`: spool/FORMAT.md, section 13, says what it
-- covers. Reads the whole table. A time that is infinite is as none.
--
--   psql -v schema=public -v relation=netty-contacts -v key=contact_id -f load/sql/digest.sql
WITH hashes AS (
    SELECT md5(
        :"key"::text || '|' || coalesce(
            CASE WHEN isfinite(time_modified) THEN (extract(epoch FROM time_modified) * 1000000)::bigint END::text, '')
    ) AS hash
    FROM :"schema".:"relation"
), lanes AS (
    SELECT
        count(*) AS records,
        coalesce(sum(('x' || substr(hash, 1, 8))::bit(32)::bigint), 0) % 4294967296 AS a,
        coalesce(sum(('x' || substr(hash, 9, 8))::bit(32)::bigint), 0) % 4294967296 AS b,
        coalesce(sum(('x' || substr(hash, 17, 8))::bit(32)::bigint), 0) % 4294967296 AS c,
        coalesce(sum(('x' || substr(hash, 25, 8))::bit(32)::bigint), 0) % 4294967296 AS d
    FROM hashes
)
SELECT
    records,
    lpad(to_hex(a::bigint), 8, '0') || lpad(to_hex(b::bigint), 8, '0')
        || lpad(to_hex(c::bigint), 8, '0') || lpad(to_hex(d::bigint), 8, '0') AS digest
FROM lanes;

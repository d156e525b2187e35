-- The foreign keys that refer to a table, from wherever: rows what, text. `refuse`: a row's removal would change rows elsewhere, or
-- it cannot be told which rows are referred to; the text is why, with what mends it. `left`: the text is a condition that is true
-- for the rows t that somebody refers to, which have to stay.
--
--   psql -v schema=public -v relation=netty-contacts -f load/sql/references.sql
WITH constraints AS (
    SELECT k.oid, k.conname, k.conkey, k.confkey, k.conpfeqop, k.conrelid, k.confrelid, k.confdeltype,
        pg_catalog.format('%I.%I', n.nspname, r.relname) AS owner
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
    JOIN pg_catalog.pg_constraint AS k ON k.confrelid OPERATOR(pg_catalog.=) c.oid
        AND k.contype OPERATOR(pg_catalog.=) 'f' AND k.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid
    JOIN pg_catalog.pg_class AS r ON r.oid OPERATOR(pg_catalog.=) k.conrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace
    WHERE s.nspname OPERATOR(pg_catalog.=) :'schema' AND c.relname OPERATOR(pg_catalog.=) :'relation'
), deeds (letter, clause, deed) AS (
    VALUES ('c', 'ON DELETE CASCADE', 'remove'), ('n', 'ON DELETE SET NULL', 'change'),
        ('d', 'ON DELETE SET DEFAULT', 'change')
)
SELECT 'refuse' AS what,
    pg_catalog.format('the foreign key %I (%s) would %s rows of %s, and nothing would bring them back; '
        'ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s', k.conname, d.clause, d.deed, k.owner, k.owner, k.conname,
        k.conname, pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid),
            ' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \([^)]*\))?', '')) AS text
FROM constraints AS k
JOIN deeds AS d ON d.letter::pg_catalog."char" OPERATOR(pg_catalog.=) k.confdeltype
UNION ALL
SELECT 'refuse', pg_catalog.format('this role may not see which rows the foreign key %I of %s refers to; '
    'GRANT SELECT ON %s TO %I, and a policy of all rows where row-level security is on', k.conname, k.owner, k.owner,
    current_user)
FROM constraints AS k
WHERE NOT pg_catalog.has_table_privilege(k.conrelid, 'SELECT') OR pg_catalog.row_security_active(k.conrelid)
UNION ALL
SELECT 'left', pg_catalog.format('EXISTS (SELECT FROM %s AS r WHERE %s)', k.owner, j.pairs)
FROM constraints AS k
CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.format('t.%I OPERATOR(%I.%s) r.%I', a.attname, n.nspname, o.oprname,
        b.attname), ' AND ' ORDER BY p.place) AS pairs
    FROM ROWS FROM (pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.conpfeqop))
        WITH ORDINALITY AS p (theirs, ours, equal, place)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) k.confrelid
        AND a.attnum OPERATOR(pg_catalog.=) p.theirs
    JOIN pg_catalog.pg_attribute AS b ON b.attrelid OPERATOR(pg_catalog.=) k.conrelid
        AND b.attnum OPERATOR(pg_catalog.=) p.ours
    JOIN pg_catalog.pg_operator AS o ON o.oid OPERATOR(pg_catalog.=) p.equal
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) o.oprnamespace
) AS j
ORDER BY 1, 2;

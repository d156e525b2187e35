-- What is stored of the keys $1 (an array of the key's type): their times, in microseconds since 2000 where the
-- result is binary, and the transaction that wrote the row (32 bits). A key without a row is not there. Neither
-- locks nor promises anything. `times` is `, time_modified`, or nothing where they are not of interest, which spares the
-- server taking the rows apart.
--
--   psql ... -v schema=public -v relation=netty-contacts -v key=contact_id -v times=', time_modified' ...
SELECT :"key" AS key, xmin :times
FROM :"schema".:"relation"
WHERE :"key" OPERATOR(pg_catalog.=) ANY ($1);

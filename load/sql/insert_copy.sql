-- Puts rows whose keys are not there into the table, from what batch_encode makes with ENCODE_TARGET (load/batch/batch.h); fails
-- with 23505 where another transaction has put one there meanwhile.
COPY :"schema".:"relation" (:"key", data, time_created, time_modified) FROM STDIN (FORMAT binary);

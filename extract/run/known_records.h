/*
 * A table's newest records in the spool, to be recognized in an answer: by key and time_created, or by key and text if a record
 * has no such time.
 *
 *     known_records_read(&k, spool, "contacts", zone, e);       // k all zero; count 0: there are none
 *     known_records_find(&k, line, n, &shown, e);               // sets shown to true if the line is one of them
 *     known_records_free(&k);
 *
 * Reads the last segment that has records. Memory: KNOWN_RECORDS_MAX pairs of numbers.
 */
#ifndef NETTY_EXTRACT_RUN_KNOWN_RECORDS_H
#define NETTY_EXTRACT_RUN_KNOWN_RECORDS_H

#include "shared/json/json_record.h"
#include "shared/json/record_key.h"
#include "shared/time/when.h"
#include "spool/store/spool.h"

#define KNOWN_RECORDS_MAX 256

struct known_record {
    int64_t key;
    uint64_t hash; /* of its time_created, or of its text */
};

struct known_records {
    char key[RECORD_KEY_NAME]; /* the key's name */
    struct known_record list[KNOWN_RECORDS_MAX];
    size_t count;
    size_t next;    /* where the next one goes, in place of the oldest */
    int64_t newest; /* greatest time_modified, or WHEN_NONE */
    struct json_splitter *splitter;
};

enum err_code known_records_read(struct known_records *k, const struct spool *s, const char *table,
                                 const struct zone *zone, struct err *e) MUST_CHECK;
enum err_code known_records_find(const struct known_records *k, const char *line, size_t n,
                                 bool *shown, struct err *e) MUST_CHECK;
/* Returns the index in the list of the i-th newest record. */
size_t known_records_newest(const struct known_records *k, size_t i);
void known_records_free(struct known_records *k);

#endif

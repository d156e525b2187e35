/*
 * The elements of a page that are no records: no objects, malformed, or too large. They are collected while the page arrives,
 * and become dead letters when the page is kept (spool/dead_letters/dead_letters.h).
 *
 *     non_records_open(&o, &conf, e);
 *     non_records_look(o, e);                     // before each page: reads which dead letters there are
 *     non_records_add(o, &found, e) ...           // each element; copies it
 *     non_records_note_record(o, key) ...         // each good record with a key
 *     non_records_store(o, e);                    // durable on return
 *     non_records_reset(o);                       // on to the next page
 *
 * Pages overlap and are fetched again. So an element that is a dead letter already, or was dismissed, is not added again. When
 * a record comes as a good one, its dead letters are removed with its page.
 */
#ifndef NETTY_EXTRACT_PAGE_NON_RECORDS_H
#define NETTY_EXTRACT_PAGE_NON_RECORDS_H

#include "shared/base/err.h"
#include "shared/time/zone.h"
#include "spool/dead_report/dead_reasons.h"
#include "spool/store/spool.h"
#include <stdbool.h>

struct non_records;

struct non_records_conf {
    const struct spool *spool; /* all borrowed */
    const char *table;
    const char *key;
    struct zone *zone;
    size_t max; /* bytes of one page's elements together, at most */
};
enum err_code non_records_open(struct non_records **o, const struct non_records_conf *conf,
                               struct err *e) MUST_CHECK;
void non_records_close(struct non_records *o);
void non_records_reset(struct non_records *o);
struct non_record {
    const char *reason;  /* a stable word for programs; not copied */
    const char *message; /* for a person */
    const char *raw;
    size_t len;
    uint64_t number; /* its place in the page, from 1 */
    bool stepped;    /* its page is kept without it (extract/places/step_over.h) */
};
/* Copies message and raw. */
enum err_code non_records_add(struct non_records *o, const struct non_record *found,
                              struct err *e) MUST_CHECK;
/* Reads which dead letters there are. Does so only the first time, and after some were added. */
enum err_code non_records_look(struct non_records *o, struct err *e) MUST_CHECK;
/* The page has a record with this key. */
void non_records_note_record(struct non_records *o, int64_t key);
/* Durable on return. */
enum err_code non_records_store(struct non_records *o, struct err *e) MUST_CHECK;
/* Stores those that are `stepped`, and nothing else of the page. */
enum err_code non_records_store_stepped(struct non_records *o, struct err *e) MUST_CHECK;
/* Returns how many dead letters were added so far; and the same by reason. */
uint64_t non_records_new(const struct non_records *o);
const struct dead_reasons *non_records_reasons(const struct non_records *o);

#endif

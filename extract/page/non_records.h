/*
 * The elements of a page that are no records (no objects, malformed, too large): collected while it arrives, set aside when it is kept
 * (spool/dead_letters/dead_letters.h). Pages overlap and are fetched again, so one that already
 * lies among the table's dead letters, or was dismissed, is not added twice. The letters of a record that comes as one
 * leave when its page is kept.
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
    size_t max; /* bytes of one page's odd elements together */
};
enum err_code non_records_open(struct non_records **o, const struct non_records_conf *conf,
                               struct err *e) MUST_CHECK;
void non_records_close(struct non_records *o);
void non_records_reset(struct non_records *o);
struct non_record {
    const char *reason;  /* a stable word; not copied */
    const char *message; /* for a person */
    const char *raw;
    size_t len;
    uint64_t number; /* its place in the page, from 1 */
    bool stepped;    /* its page comes without it (extract/places/step_over.h) */
};
/* Copies message and raw. */
enum err_code non_records_add(struct non_records *o, const struct non_record *found,
                              struct err *e) MUST_CHECK;
/* Before a page: what lies among the dead letters. Does something the first time, and after some were added. */
enum err_code non_records_look(struct non_records *o, struct err *e) MUST_CHECK;
/* The page has a record with this key. */
void non_records_note_record(struct non_records *o, int64_t key);
/* Durable on return. */
enum err_code non_records_store(struct non_records *o, struct err *e) MUST_CHECK;
/* The same of those that are `stepped`, and of nothing else of the page. */
enum err_code non_records_store_stepped(struct non_records *o, struct err *e) MUST_CHECK;
/* How many were added to the dead letters so far: those that did not lie there. */
uint64_t non_records_new(const struct non_records *o);
/* The same by reason. */
const struct dead_reasons *non_records_reasons(const struct non_records *o);

#endif

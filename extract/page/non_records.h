/*
 * The elements of a page that are no records: collected while it arrives, set aside when it is kept
 * (spool/dead_letters/dead_letters.h, reason "not-an-object"). Pages overlap and are fetched again, so one that already
 * lies among the table's dead letters is not added twice.
 */
#ifndef NETTY_EXTRACT_PAGE_NON_RECORDS_H
#define NETTY_EXTRACT_PAGE_NON_RECORDS_H

#include "shared/base/err.h"
#include "spool/store/spool.h"

struct odd;

/* spool and table are borrowed; max: bytes of one page's odd elements together. */
enum err_code odd_open(struct odd **o, const struct spool *spool, const char *table, size_t max,
                       struct err *e) MUST_CHECK;
void odd_close(struct odd *o);
void odd_reset(struct odd *o);
/* number: its place in the page, from 1. Copies raw. */
enum err_code odd_add(struct odd *o, const char *raw, size_t n, uint64_t number,
                      struct err *e) MUST_CHECK;
/* Durable on return. */
enum err_code odd_store(struct odd *o, struct err *e) MUST_CHECK;

#endif

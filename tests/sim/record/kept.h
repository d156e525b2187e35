/*
 * The texts of records, made once and kept until the record changes, so that a page is a copy of
 * ready bytes. What is handed out is always what body_text() makes; only the time it takes differs.
 *
 * One of them serves all tables of a world. It never holds more than its limit: a text for which
 * there is no room, or no memory, is made anew each time. Not safe for several threads: the world's
 * lock guards it.
 */
#ifndef NETTY_TESTS_SIM_RECORD_KEPT_H
#define NETTY_TESTS_SIM_RECORD_KEPT_H

#include "tests/sim/record/body.h"

struct kept;

/* limit: bytes of all texts together; 0 keeps none. NULL when memory is short. */
struct kept *kept_open(size_t limit);
void kept_close(struct kept *k);

/* Adds the record's text to out, as body_text() does. conf may differ from call to call in its
 * moods only. k NULL: nothing is kept. The table is borrowed until kept_close(). */
enum err_code kept_text(struct kept *k, const struct body_conf *conf, const struct table *t,
                        const struct rec *rec, struct buf *out) MUST_CHECK;

/* Bytes of texts that are held now. */
size_t kept_bytes(const struct kept *k);

#endif

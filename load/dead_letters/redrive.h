/*
 * The records that were set aside, as a source of records again (--redrive).
 *
 *     letters_open(&l, spool, "contacts", e);
 *     letters_line(l, &letter, e) ...        // NULL: no more
 *     letters_back(l);                       // to the first that is not settled
 *     letters_settle(l, kept, ctx, e);       // those handed out went in, but for those that kept() wants
 *     letters_flush(l, e);                   // ... and leave the file
 *
 * A letter that cannot be read itself is passed over, and stays. Those that went in leave the file
 * many at a time, the last ones with letters_flush or letters_close: else it would be written anew
 * with each batch. A crash before that is harmless: the same record again is unchanged or stale.
 * Memory: some letters at a time, and the places of those that went in (1 MiB).
 */
#ifndef NETTY_LOAD_DEAD_LETTERS_REDRIVE_H
#define NETTY_LOAD_DEAD_LETTERS_REDRIVE_H

#include "spool/dead_letters/dead_letters.h"

struct letter {
    struct page_place place;
    uint64_t line;
    int64_t at;
    const char *raw;
    size_t raw_len;
};

struct letters;
typedef bool letters_kept_fn(void *ctx, struct page_place place, uint64_t line);

enum err_code letters_open(struct letters **l, const struct spool *s, const char *table,
                           struct err *e) MUST_CHECK;
void letters_close(struct letters *l); /* flushes; what fails is logged */
enum err_code letters_line(struct letters *l, const struct letter **letter,
                           struct err *e) MUST_CHECK;
void letters_unline(struct letters *l); /* the last one again with the next call */
void letters_back(struct letters *l);
enum err_code letters_settle(struct letters *l, letters_kept_fn *kept, void *ctx,
                             struct err *e) MUST_CHECK;
enum err_code letters_flush(struct letters *l, struct err *e) MUST_CHECK;
/* It went in, and may still stand in the file. */
bool letters_gone(struct letters *l, struct page_place place, uint64_t line);

#endif

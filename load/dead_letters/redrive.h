/*
 * The records that were set aside, as a source of records again (--redrive).
 *
 *     redrive_open(&l, spool, "contacts", e);
 *     redrive_next(l, &letter, e) ...        // NULL: no more
 *     redrive_rewind(l);                       // to the first that is not settled
 *     redrive_commit(l, kept, ctx, e);       // those handed out went in, but for those that kept() wants
 *     redrive_flush(l, e);                   // ... and leave the file
 *
 * A letter that cannot be read itself is passed over, and stays. Those that went in leave the file
 * many at a time, the last ones with redrive_flush or redrive_close: else it would be written anew
 * with each batch. A crash before that is harmless: the same record again is unchanged or stale.
 * Memory: some letters at a time, and the places of those that went in (1 MiB).
 */
#ifndef NETTY_LOAD_DEAD_LETTERS_REDRIVE_H
#define NETTY_LOAD_DEAD_LETTERS_REDRIVE_H

#include "spool/dead_letters/dead_letters.h"

struct redrive_letter {
    struct page_place place;
    uint64_t line;
    int64_t at;
    const char *raw;
    size_t raw_len;
};

struct redrive;
typedef bool redrive_kept_fn(void *ctx, struct page_place place, uint64_t line);

enum err_code redrive_open(struct redrive **l, const struct spool *s, const char *table,
                           struct err *e) MUST_CHECK;
void redrive_close(struct redrive *l); /* flushes; what fails is logged */
enum err_code redrive_next(struct redrive *l, const struct redrive_letter **letter,
                           struct err *e) MUST_CHECK;
void redrive_unread(struct redrive *l); /* the last one again with the next call */
void redrive_rewind(struct redrive *l);
enum err_code redrive_commit(struct redrive *l, redrive_kept_fn *kept, void *ctx,
                             struct err *e) MUST_CHECK;
enum err_code redrive_flush(struct redrive *l, struct err *e) MUST_CHECK;
/* It went in, and may still stand in the file. */
bool redrive_done(struct redrive *l, struct page_place place, uint64_t line);

#endif

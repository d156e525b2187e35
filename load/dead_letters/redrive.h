/*
 * The dead letters of a table as a source of records again (netty-load redrive).
 *
 *     redrive_open(&l, spool, "contacts", e);
 *     redrive_next(l, &letter, e) ...        // NULL: no more
 *     redrive_rewind(l);                     // back to the first letter that is not settled
 *     redrive_commit(l, kept, ctx, e);       // the letters handed out went in, but for those that kept() returns true for
 *     redrive_flush(l, e);                   // removes the letters that went in from the file
 *
 * A letter that cannot be read is passed over, and stays. Letters that went in are removed many at a time, the last ones by
 * redrive_flush or redrive_close, since the file is rewritten for it. A crash before that is harmless: the same record, loaded
 * again, is unchanged, or older than the stored row. Memory: some letters at a time, and the places of those that went in (1 MiB).
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
void redrive_unread(struct redrive *l); /* the next call returns the last letter again */
void redrive_rewind(struct redrive *l);
enum err_code redrive_commit(struct redrive *l, redrive_kept_fn *kept, void *ctx,
                             struct err *e) MUST_CHECK;
enum err_code redrive_flush(struct redrive *l, struct err *e) MUST_CHECK;
/* Returns true if the letter went in, though it may still be in the file. */
bool redrive_done(struct redrive *l, struct page_place place, uint64_t line);

#endif

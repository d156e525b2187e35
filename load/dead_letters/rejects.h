/*
 * The records of one batch that are to be set aside, until they are durable in the spool's dead
 * letters.
 *
 *     aside_add(a, &letter, e) ...        // copies
 *     aside_write(a, e)                   // before COMMIT: durable on return
 *     aside_settled(a)                    // after COMMIT: the list is empty again
 *
 * No letter is written twice, whether the batch is tried again, replayed, or loaded into a second
 * database: aside_write first looks which of its letters, by place and line, the file has already
 * (dead_letter_index.h: it reads of the file what it has not read yet).
 * The progress row's lock, which the transaction holds, keeps two loaders of one database from
 * writing at once.
 */
#ifndef NETTY_LOAD_DEAD_LETTERS_REJECTS_H
#define NETTY_LOAD_DEAD_LETTERS_REJECTS_H

#include "spool/dead_letters/dead_letters.h"

struct aside;

enum err_code aside_open(struct aside **a, const struct spool *s, const char *table,
                         struct err *e) MUST_CHECK;
void aside_close(struct aside *a);

/* ERR_TOO_BIG when the list is full: end the batch. */
enum err_code aside_add(struct aside *a, const struct dead_letter *letter,
                        struct err *e) MUST_CHECK;
/* A record that the database refused: its text is read from the spool again. */
enum err_code aside_refused(struct aside *a, struct page_place place, uint64_t line,
                            const struct err *why, struct err *e) MUST_CHECK;
bool aside_has(struct aside *a, struct page_place place, uint64_t line);
size_t aside_count(const struct aside *a);
bool aside_full(const struct aside *a);     /* a good time to end the batch */
void aside_keep(struct aside *a, size_t n); /* forget all but the first n */

enum err_code aside_write(struct aside *a, struct err *e) MUST_CHECK;
void aside_settled(struct aside *a);

#endif

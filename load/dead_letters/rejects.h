/*
 * The records of one batch that are to be set aside, until they are durable in the spool's dead
 * letters.
 *
 *     rejects_add(a, &letter, e) ...        // copies
 *     rejects_write(a, e)                   // before COMMIT: durable on return
 *     rejects_committed(a)                    // after COMMIT: the list is empty again
 *
 * No letter is written twice, whether the batch is tried again, replayed, or loaded into a second
 * database: rejects_write first looks which of its letters, by place and line, the file has already
 * (dead_letter_index.h: it reads of the file what it has not read yet).
 * Nor is one version of a record, however often it is read (dead_letter_versions.h). One that a newer version of its
 * record overtakes at once is not listed.
 * The progress row's lock, which the transaction holds, keeps two loaders of one database from
 * writing at once.
 */
#ifndef NETTY_LOAD_DEAD_LETTERS_REJECTS_H
#define NETTY_LOAD_DEAD_LETTERS_REJECTS_H

#include "spool/dead_letters/dead_letters.h"
#include "spool/dead_report/dead_reasons.h"

struct rejects;

/* key and reasons are borrowed: in reasons all letters are counted that are news; it may be NULL. */
enum err_code rejects_open(struct rejects **a, const struct spool *s, const char *table,
                           const char *key, struct dead_reasons *reasons, struct err *e) MUST_CHECK;
void rejects_close(struct rejects *a);

/* ERR_TOO_BIG when the list is full: end the batch. */
enum err_code rejects_add(struct rejects *a, const struct dead_letter *letter,
                          struct err *e) MUST_CHECK;
/* A record that the database refused: its text is read from the spool again. */
enum err_code rejects_refused(struct rejects *a, struct page_place place, uint64_t line,
                              const struct err *why, struct err *e) MUST_CHECK;
bool rejects_has(struct rejects *a, struct page_place place, uint64_t line);
size_t rejects_count(const struct rejects *a);
bool rejects_full(const struct rejects *a);         /* a good time to end the batch */
void rejects_truncate(struct rejects *a, size_t n); /* forget all but the first n */

/* A dead letter that the database refuses once more: it is in the file already. */
enum err_code rejects_again(struct rejects *a, struct page_place place, uint64_t line, int64_t key,
                            const struct err *why, struct err *e) MUST_CHECK;
/* overtaken: a newer version of the record is going in. NULL: none is. dry: nothing is written, only counted. */
typedef bool rejects_overtaken_fn(void *ctx, const struct dead_letter *letter);
enum err_code rejects_write(struct rejects *a, rejects_overtaken_fn *overtaken, void *ctx, bool dry,
                            struct err *e) MUST_CHECK;
/* All of the list are letters in the file that did not go in: counts them among the reasons. */
enum err_code rejects_count_again(struct rejects *a, struct err *e) MUST_CHECK;
/* Letters that were added to the file since rejects_open: records that did not lie there. */
uint64_t rejects_added(const struct rejects *a);
void rejects_committed(struct rejects *a);

#endif

/*
 * The dead letters of one batch, until they are durable in the spool.
 *
 *     rejects_add(a, &letter, e) ...        // copies
 *     rejects_write(a, e)                   // before COMMIT: durable on return
 *     rejects_committed(a)                    // after COMMIT: the list is empty again
 *
 * No dead letter is written twice, whether the batch is tried again, replayed, or loaded into a second database: rejects_write
 * first finds out which of its letters, by place and line, are in the file already (dead_letter_index.h reads what was added to the
 * file since it last read it). Nor is one version of a record written twice, however often it is read (dead_letter_versions.h). A
 * letter is not written at all if a newer version of its record is going in with this batch.
 * Two loaders of one database cannot write at once, since the transaction holds the lock of the progress row.
 */
#ifndef NETTY_LOAD_DEAD_LETTERS_REJECTS_H
#define NETTY_LOAD_DEAD_LETTERS_REJECTS_H

#include "spool/dead_letters/dead_letters.h"
#include "spool/dead_report/dead_reasons.h"

struct rejects;

/* key and reasons are borrowed. reasons counts the letters that are new; it may be NULL. */
enum err_code rejects_open(struct rejects **a, const struct spool *s, const char *table,
                           const char *key, struct dead_reasons *reasons, struct err *e) MUST_CHECK;
void rejects_close(struct rejects *a);

/* Fails with ERR_TOO_BIG if the list is full: the batch must end then. */
enum err_code rejects_add(struct rejects *a, const struct dead_letter *letter,
                          struct err *e) MUST_CHECK;
/* Adds a record that the database refused. Its text is read from the spool again. */
enum err_code rejects_refused(struct rejects *a, struct page_place place, uint64_t line,
                              const struct err *why, struct err *e) MUST_CHECK;
bool rejects_has(struct rejects *a, struct page_place place, uint64_t line);
size_t rejects_count(const struct rejects *a);
bool rejects_full(const struct rejects *a);         /* a good time to end the batch */
void rejects_truncate(struct rejects *a, size_t n); /* forget all but the first n */

/* Adds a dead letter that the database refuses once more, which is in the file already. */
enum err_code rejects_again(struct rejects *a, struct page_place place, uint64_t line, int64_t key,
                            const struct err *why, struct err *e) MUST_CHECK;
/* Writes the letters; durable on return. overtaken returns true if a newer version of the letter's record is going in; it may be NULL.
 * dry: nothing is written, only counted. */
typedef bool rejects_overtaken_fn(void *ctx, const struct dead_letter *letter);
enum err_code rejects_write(struct rejects *a, rejects_overtaken_fn *overtaken, void *ctx, bool dry,
                            struct err *e) MUST_CHECK;
/* Counts the list's letters, which are in the file already and did not go in, among the reasons. */
enum err_code rejects_count_again(struct rejects *a, struct err *e) MUST_CHECK;
/* Returns how many letters were added to the file since rejects_open. */
uint64_t rejects_added(const struct rejects *a);
void rejects_committed(struct rejects *a);

#endif

/*
 * Which records are among a table's dead letters, by their bytes: a version of a record becomes one dead letter, however
 * often it is read. Reads the file once, and after that only what was added.
 *
 *     dead_versions_open(&x, spool, "contacts", DEAD_LOAD, e);
 *     dead_versions_refresh(x, e);
 *     dead_versions_add(x, raw, n)          // true: it is new, and is known from now on
 *     dead_versions_close(x);
 *
 * Memory: 8 to 16 bytes for each dead letter, for DEAD_VERSIONS_MAX at most; a further one may be listed twice.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_VERSIONS_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_VERSIONS_H

#include "spool/dead_letters/dead_letters.h"

#define DEAD_VERSIONS_MAX ((size_t)1 << 20)

struct dead_versions;
enum err_code dead_versions_open(struct dead_versions **x, const struct spool *s, const char *table,
                                 enum dead_side side, struct err *e) MUST_CHECK;
void dead_versions_close(struct dead_versions *x); /* NULL is fine */
enum err_code dead_versions_refresh(struct dead_versions *x, struct err *e) MUST_CHECK;
bool dead_versions_add(struct dead_versions *x, const char *raw, size_t n);
/* To be called when versions that were added did not get into the file: the next refresh reads the whole file. */
void dead_versions_reset(struct dead_versions *x);

#endif

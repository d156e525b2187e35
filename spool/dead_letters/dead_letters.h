/*
 * Dead letters: records set aside with the reason, never lost. One NDJSON file a table and side,
 * appended to under an flock by whoever sets aside, synced before the caller goes on.
 *
 * One line:
 *   {"at":"2026-...Z","reason":"nul","sqlstate":"22P05","message":"...","file":"contacts/0000000001.ndjson",
 *    "segment":1,"page":3,"line":212,"raw":"<the record's text as a JSON string>"}
 * raw is a string because what is set aside may not be valid JSON; bytes that are not UTF-8 are
 * kept as "raw64" (base64) instead. What is listed no more goes on behind an empty raw with
 * "dismissed":"<time>","hash":"<XXH3 of what raw was>" or with "overtaken":"<time>".
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTERS_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTERS_H

#include "spool/dead_letters/dead_letter.h"
#include "spool/store/spool.h"
#include <stdbool.h>

/* Appends the letters and returns when they are durable. */
enum err_code dead_add(const struct spool *s, const char *table, enum dead_side side,
                       const struct dead_letter *letters, size_t n, struct err *e) MUST_CHECK;

/* Calls fn for each letter in order that is listed; stops when fn fails. A damaged line is reported through fn
 * with reason "damaged" and its text as raw. No file: no call, OK. */
typedef enum err_code dead_fn(void *ctx, const struct dead_letter *letter, struct err *e);
enum err_code dead_each(const struct spool *s, const char *table, enum dead_side side, dead_fn *fn,
                        void *ctx, struct err *e) MUST_CHECK;

/* How far the file has been read; zeroes: not at all. */
struct dead_position {
    uint64_t device, inode;
    int64_t offset;
    char sum[26]; /* the end of the last line read: another file may have got the same number */
};
/* The same for those that stand behind the position, listed or not, which moves past each line for which fn answers
 * OK; a line without its end is left for the next time. Where the file is another one by now
 * (dead_filter) it is read from its beginning, and *anew is true from before the first call. */
enum err_code dead_each_since(const struct spool *s, const char *table, enum dead_side side,
                              struct dead_position *position, bool *anew, dead_fn *fn, void *ctx,
                              struct err *e) MUST_CHECK;

/* Rewrites the file with only those letters for which keep answers true (whole or not at all). It is asked
 * only of those that are listed. */
typedef bool dead_keep_fn(void *ctx, const struct dead_letter *letter);
enum err_code dead_filter(const struct spool *s, const char *table, enum dead_side side,
                          dead_keep_fn *keep, void *ctx, struct err *e) MUST_CHECK;
/* The same, but those for which keep answers false go on in that state (DEAD_LISTED: they are removed). Damaged lines always stay: dead_letters_repair. */
enum err_code dead_unlist(const struct spool *s, const char *table, enum dead_side side,
                          enum dead_state state, dead_keep_fn *keep, void *ctx,
                          struct err *e) MUST_CHECK;

#endif

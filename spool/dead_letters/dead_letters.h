/*
 * Dead letters: records that could not be used, kept with the reason. Each table has one NDJSON file of
 * the extractor's dead letters and one of the loader's. A file is appended to under an flock, and synced
 * before the caller goes on.
 *
 * One line:
 *   {"at":"2026-...Z","reason":"nul","sqlstate":"22P05","message":"...","file":"contacts/0000000001.ndjson",
 *    "segment":1,"page":3,"line":212,"raw":"<the record's text as a JSON string>"}
 * raw is a string because a dead letter may not be valid JSON; bytes that are not UTF-8 are kept as
 * "raw64" (base64) instead. A dead letter that is no longer listed has an empty raw, followed by
 * "dismissed":"<time>","hash":"<XXH3 of the text that raw was>" or by "overtaken":"<time>".
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTERS_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTERS_H

#include "spool/dead_letters/dead_letter.h"
#include "spool/store/spool.h"
#include <stdbool.h>

/* Appends the dead letters, and returns when they are durable. */
enum err_code dead_add(const struct spool *s, const char *table, enum dead_side side,
                       const struct dead_letter *letters, size_t n, struct err *e) MUST_CHECK;

/* Calls fn for each dead letter that is listed, in order; stops when fn fails. A damaged line is given to fn as a dead letter with
 * the reason "damaged" and the line's text as raw. Without a file the result is OK, and fn is not called. */
typedef enum err_code dead_fn(void *ctx, const struct dead_letter *letter, struct err *e);
enum err_code dead_each(const struct spool *s, const char *table, enum dead_side side, dead_fn *fn,
                        void *ctx, struct err *e) MUST_CHECK;

/* How far the file has been read. All zero: from the beginning. */
struct dead_position {
    uint64_t device, inode;
    int64_t offset;
    char sum[26]; /* the end of the last line read: another file may get the same inode */
};
/* Calls fn for each dead letter behind the position, listed or not. The position moves past each line for which fn returns OK. A
 * line without its line end is left for the next time. If the file was replaced meanwhile (dead_filter), it is read from its
 * beginning, and *anew is set to true before fn is called. */
enum err_code dead_each_since(const struct spool *s, const char *table, enum dead_side side,
                              struct dead_position *position, bool *anew, dead_fn *fn, void *ctx,
                              struct err *e) MUST_CHECK;

/* Replaces the file, whole or not at all, by one without the dead letters for which keep returns false. keep is called only for
 * those that are listed; the others stay. */
typedef bool dead_keep_fn(void *ctx, const struct dead_letter *letter);
enum err_code dead_filter(const struct spool *s, const char *table, enum dead_side side,
                          dead_keep_fn *keep, void *ctx, struct err *e) MUST_CHECK;
/* The same, but the dead letters for which keep returns false stay in the file in that state. DEAD_LISTED stands for removing
 * them. Damaged lines always stay; dead_letters_repair deals with them. */
enum err_code dead_unlist(const struct spool *s, const char *table, enum dead_side side,
                          enum dead_state state, dead_keep_fn *keep, void *ctx,
                          struct err *e) MUST_CHECK;

#endif

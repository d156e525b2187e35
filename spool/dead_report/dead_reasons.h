/*
 * Counts dead letters by reason, with the keys of the first ones, and says what to do about them. For warnings,
 * and for the list (dead_list.h).
 *
 *     struct dead_reasons r = {0};
 *     dead_reasons_add(&r, &letter, key, key_len, e) ...
 *     dead_reasons_text(&r, out)              // "12 nul 22P05 (10, 20, 30, 40, 50 ...), 1 key-missing"
 *     dead_reasons_clear(&r)
 *
 * Without dead letters the struct owns no memory: every table has one, and most tables have no dead letters.
 */
#ifndef NETTY_SPOOL_DEAD_REPORT_DEAD_REASONS_H
#define NETTY_SPOOL_DEAD_REPORT_DEAD_REASONS_H

#include "shared/base/buf.h"
#include "spool/dead_letters/dead_letter.h"

#define DEAD_REASONS_MAX 32u /* the programs know some 15; the last place is all others' */
#define DEAD_REASON_KEYS 5u
#define DEAD_KEY_MAX     24u

struct dead_reason {
    char word[64];
    char sqlstate[8];
    uint64_t count;
    char keys[DEAD_REASON_KEYS][DEAD_KEY_MAX]; /* of the first dead letters with a key */
    size_t keys_count;
    uint64_t keyed;    /* how many dead letters have a key */
    char message[256]; /* of the first dead letter; "": none */
};

struct dead_reasons {
    struct dead_reason *list; /* owned; count of them, at most DEAD_REASONS_MAX */
    size_t count;
    uint64_t total;
};

/* Adds a dead letter. key_len 0: its key was not found. Fails with ERR_NOMEM only. */
enum err_code dead_reasons_add(struct dead_reasons *r, const struct dead_letter *letter,
                               const char *key, size_t key_len, struct err *e) MUST_CHECK;

/* Frees the memory, and empties the struct for further use. */
void dead_reasons_clear(struct dead_reasons *r);

#define DEAD_REASONS_TEXT 1024u
/* Writes the text for a message; it ends with "..." where there is no room for all reasons. Returns out. */
const char *dead_reasons_text(const struct dead_reasons *r, char out[DEAD_REASONS_TEXT]);

/* What a person can do about dead letters of a reason: a sentence, and the command that it ends with ("": none). */
struct dead_advice {
    char sentence[160];
    char command[160];
};
void dead_advice(struct dead_advice *a, enum dead_side side, const char *table,
                 const struct dead_reason *reason);

#endif

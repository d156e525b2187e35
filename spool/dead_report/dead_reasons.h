/*
 * Dead letters by reason: how many there are, of which keys the first ones are, and what to do about them. For
 * warnings, and for the list (dead_list.h).
 *
 *     struct dead_reasons r = {0};
 *     dead_reasons_add(&r, &letter, key, key_len, e) ...
 *     dead_reasons_text(&r, out)              // "12 nul 22P05 (10, 20, 30, 40, 50 ...), 1 key-missing"
 *     dead_reasons_clear(&r)
 *
 * Where there are none it owns nothing: each table has one, and most have no dead letters.
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
    char keys[DEAD_REASON_KEYS][DEAD_KEY_MAX]; /* of those that have one */
    size_t keys_count;
    uint64_t keyed;    /* how many have one */
    char message[256]; /* of the first one; "": none */
};

struct dead_reasons {
    struct dead_reason *list; /* owned; count of them, at most DEAD_REASONS_MAX */
    size_t count;
    uint64_t total;
};

/* key_len 0: it has none that can be made out. Fails with ERR_NOMEM. */
enum err_code dead_reasons_add(struct dead_reasons *r, const struct dead_letter *letter,
                               const char *key, size_t key_len, struct err *e) MUST_CHECK;

/* Frees what it owns; it can be added to again. */
void dead_reasons_clear(struct dead_reasons *r);

#define DEAD_REASONS_TEXT 1024u
/* Cut, with "...", where there are more reasons than there is room for. */
const char *dead_reasons_text(const struct dead_reasons *r, char out[DEAD_REASONS_TEXT]);

/* What a person can do about them: a sentence, and the command that it ends with ("": none). */
struct dead_advice {
    char sentence[160];
    char command[160];
};
void dead_advice(struct dead_advice *a, enum dead_side side, const char *table,
                 const struct dead_reason *reason);

#endif

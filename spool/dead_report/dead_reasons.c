#include "spool/dead_report/dead_reasons.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROWS_BY 4u

/* Makes room for one more reason; the list grows by a few at a time. */
static bool grow(struct dead_reasons *r)
{
    if (r->count % GROWS_BY != 0)
        return true;
    struct dead_reason *list = realloc(r->list, (r->count + GROWS_BY) * sizeof *list);
    if (list != NULL)
        r->list = list;
    return list != NULL;
}

/* Returns the entry of the dead letter's reason, a new one if necessary; NULL: out of memory. */
static struct dead_reason *find(struct dead_reasons *r, const struct dead_letter *letter)
{
    size_t i = 0;
    while (i < r->count && (strcmp(r->list[i].word, letter->reason) != 0 ||
                            strcmp(r->list[i].sqlstate, letter->sqlstate) != 0))
        i++;
    if (i == DEAD_REASONS_MAX)
        return &r->list[DEAD_REASONS_MAX - 1];
    if (i == r->count && !grow(r))
        return NULL;
    struct dead_reason *reason = &r->list[i];
    if (i == r->count) {
        bool last = ++r->count == DEAD_REASONS_MAX;
        *reason = (struct dead_reason){0};
        (void)snprintf(reason->word, sizeof reason->word, "%s", last ? "others" : letter->reason);
        (void)snprintf(reason->sqlstate, sizeof reason->sqlstate, "%s",
                       last ? "" : letter->sqlstate);
        (void)snprintf(reason->message, sizeof reason->message, "%s", letter->message);
    }
    return reason;
}

enum err_code dead_reasons_add(struct dead_reasons *r, const struct dead_letter *letter,
                               const char *key, size_t key_len, struct err *e)
{
    struct dead_reason *reason = find(r, letter);
    if (reason == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the reasons of dead letters");
    r->total++;
    reason->count++;
    if (key_len == 0 || key_len >= DEAD_KEY_MAX)
        return OK;
    reason->keyed++;
    if (reason->keys_count < DEAD_REASON_KEYS) {
        memcpy(reason->keys[reason->keys_count], key, key_len);
        reason->keys[reason->keys_count++][key_len] = 0;
    }
    return OK;
}

void dead_reasons_clear(struct dead_reasons *r)
{
    free(r->list);
    *r = (struct dead_reasons){0};
}

/* Appends as much of s as there is room for. Returns false when that is not all of it. */
static bool put(char *out, size_t room, size_t *n, const char *s)
{
    size_t len = strlen(s);
    if (len >= room - *n)
        return false;
    memcpy(out + *n, s, len + 1);
    *n += len;
    return true;
}

static bool put_keys(char *out, size_t room, size_t *n, const struct dead_reason *reason)
{
    bool whole = true;
    for (size_t i = 0; i < reason->keys_count && whole; i++)
        whole = put(out, room, n, i > 0 ? ", " : " (") && put(out, room, n, reason->keys[i]);
    if (whole && reason->keyed > reason->keys_count)
        whole = put(out, room, n, " ...");
    return whole && (reason->keys_count == 0 || put(out, room, n, ")"));
}

const char *dead_reasons_text(const struct dead_reasons *r, char out[DEAD_REASONS_TEXT])
{
    size_t room = DEAD_REASONS_TEXT - sizeof ", ...";
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct dead_reason *reason = &r->list[i];
        size_t before = n;
        char head[128];
        (void)snprintf(head, sizeof head, "%s%" PRIu64 " %s%s%s", i > 0 ? ", " : "", reason->count,
                       reason->word, *reason->sqlstate ? " " : "", reason->sqlstate);
        if (!put(out, room, &n, head) || !put_keys(out, room, &n, reason)) {
            memcpy(out + before, ", ...", sizeof ", ...");
            break;
        }
    }
    return out;
}

struct counsel {
    const char *word, *sentence, *command; /* the table's name follows the command */
};

static const struct counsel counsels[] = {
    {"nul", "Mend it in Netty, or put it in with U+FFFD in the place of the NUL:",
     "netty-load redrive --on-nul replace"},
    {"refused", "Mend the record in Netty, or what refuses it, and then:", "netty-load redrive"},
    {"key-range", "Give the key's column a wider type, and then:", "netty-load redrive"},
    {"too-large", "Fetch all of the table anew with larger records allowed:",
     "netty-extract --full --max-record-bytes SIZE"},
    {"damaged", "These lines cannot be read any more. To have them moved to a file of their own:",
     "netty-spool heal"},
};

void dead_advice(struct dead_advice *a, enum dead_side side, const char *table,
                 const struct dead_reason *reason)
{
    *a = (struct dead_advice){0};
    for (size_t i = 0; i < sizeof counsels / sizeof *counsels; i++)
        if (strcmp(counsels[i].word, reason->word) == 0) {
            (void)snprintf(a->sentence, sizeof a->sentence, "%s", counsels[i].sentence);
            (void)snprintf(a->command, sizeof a->command, "%s %s", counsels[i].command, table);
            return;
        }
    (void)snprintf(a->sentence, sizeof a->sentence,
                   "Mend it in Netty: its next version is %s by itself.",
                   side == DEAD_EXTRACT ? "fetched" : "loaded");
}

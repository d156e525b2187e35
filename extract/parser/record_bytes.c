#include "extract/parser/record_bytes.h"
#include "extract/parser/json_text.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define TAIL ((size_t)4096) /* of a body: its record ends within */

/* Bytes beyond those that are kept are hashed only when TAIL more have come, since the body's last bytes are no part of the record. */
struct record_bytes {
    char head[RECORD_BYTES_KEPT];
    char tail[2 * TAIL]; /* what came behind the head, and is not hashed yet */
    size_t tailed;
    size_t n;     /* in head */
    uint64_t all; /* bytes of body */
    size_t from;  /* where the record begins; 0: not known yet */
    bool hashing;
    XXH3_state_t *hash;
};

struct record_bytes *record_bytes_open(void)
{
    struct record_bytes *b = malloc(sizeof *b);
    if (b == NULL)
        return NULL;
    b->hash = XXH3_createState();
    if (b->hash == NULL) {
        free(b);
        return NULL;
    }
    record_bytes_start(b);
    return b;
}

void record_bytes_close(struct record_bytes *b)
{
    if (b == NULL)
        return;
    (void)XXH3_freeState(b->hash);
    free(b);
}

void record_bytes_start(struct record_bytes *b)
{
    b->n = b->tailed = b->from = 0;
    b->all = 0;
    b->hashing = false;
}

/* Returns the index behind `"data":[` of an object; 0: there is none. */
static size_t find_begin(const char *s, size_t n)
{
    static const char name[] = "\"data\"";
    size_t at = json_text_blanks(s, n);
    if (at == n || s[at] != '{')
        return 0;
    const char *data = memmem(s, n, name, sizeof name - 1);
    if (data == NULL)
        return 0;
    at = (size_t)(data - s) + sizeof name - 1;
    at += json_text_blanks(s + at, n - at);
    if (at == n || s[at++] != ':')
        return 0;
    at += json_text_blanks(s + at, n - at);
    if (at == n || s[at++] != '[')
        return 0;
    at += json_text_blanks(s + at, n - at);
    return at < n ? at : 0;
}

static void hash(struct record_bytes *b, size_t n)
{
    if (!b->hashing) {
        b->from = find_begin(b->head, b->n);
        (void)XXH3_64bits_reset(b->hash);
        (void)XXH3_64bits_update(b->hash, b->head + b->from, b->n - b->from);
        b->hashing = true;
    }
    (void)XXH3_64bits_update(b->hash, b->tail, n);
    b->tailed -= n;
    memmove(b->tail, b->tail + n, b->tailed);
}

void record_bytes_add(struct record_bytes *b, const char *bytes, size_t n)
{
    size_t room = RECORD_BYTES_KEPT - b->n;
    size_t first = n < room ? n : room;
    b->all += n;
    memcpy(b->head + b->n, bytes, first);
    b->n += first;
    for (size_t at = first; at < n;) {
        size_t more = sizeof b->tail - b->tailed;
        more = n - at < more ? n - at : more;
        memcpy(b->tail + b->tailed, bytes + at, more);
        b->tailed += more;
        at += more;
        if (b->tailed == sizeof b->tail)
            hash(b, TAIL);
    }
}

/* Returns where the record ends within the body's last bytes: before the last bracket, behind which the answer's object closes. n + 1: nowhere. */
static size_t find_end(const char *s, size_t n)
{
    size_t at = n;
    while (at > 0 && json_text_blank(s[at - 1]))
        at--;
    if (at == 0 || s[at - 1] != '}')
        return n + 1;
    while (at > 0 && s[at - 1] != ']')
        at--;
    if (at-- == 0)
        return n + 1;
    while (at > 0 && json_text_blank(s[at - 1]))
        at--;
    return at;
}

bool record_bytes_end(const struct record_bytes *b, struct record_raw *out)
{
    size_t from = b->hashing ? b->from : find_begin(b->head, b->n);
    if (from == 0)
        return false;
    *out = (struct record_raw){.raw = b->head + from};
    if (b->tailed == 0) {
        size_t end = find_end(b->head + from, b->n - from);
        if (end > b->n - from || end == 0)
            return false;
        out->n = end;
        out->len = end;
        out->hash = XXH3_64bits(out->raw, end);
        return true;
    }
    size_t end = find_end(b->tail, b->tailed);
    XXH3_state_t *copy = XXH3_createState();
    if (end > b->tailed || copy == NULL) {
        (void)XXH3_freeState(copy);
        return false;
    }
    if (b->hashing) {
        XXH3_copyState(copy, b->hash);
    } else {
        (void)XXH3_64bits_reset(copy);
        (void)XXH3_64bits_update(copy, b->head + from, b->n - from);
    }
    (void)XXH3_64bits_update(copy, b->tail, end);
    out->n = b->n - from;
    out->len = b->all - from - (b->tailed - end);
    out->hash = XXH3_64bits_digest(copy);
    (void)XXH3_freeState(copy);
    return true;
}

#include "load/letters.h"
#include "shared/buf.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK      1000u
#define CHUNK_TEXT ((size_t)16 << 20)
#define TEXT_MAX   ((size_t)256 << 20)

struct kept_letter {
    struct letter letter;
    size_t raw_at;
    bool unreadable;
    bool in; /* it leaves the file */
};

struct letters {
    const struct spool *spool;
    char *table;
    struct kept_letter chunk[CHUNK];
    size_t count;
    size_t first;  /* not settled */
    size_t next;   /* to hand out */
    uint64_t skip; /* letters of the file before the chunk: they stay */
    uint64_t seen;
    struct buf text;
    bool full;
};

enum err_code letters_open(struct letters **out, const struct spool *s, const char *table,
                           struct err *e)
{
    struct letters *l = calloc(1, sizeof *l);

    if (l == NULL || (l->table = strdup(table)) == NULL) {
        free(l);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    l->spool = s;
    buf_init(&l->text, TEXT_MAX);
    *out = l;
    return OK;
}

void letters_close(struct letters *l)
{
    if (l == NULL)
        return;
    buf_free(&l->text);
    free(l->table);
    free(l);
}

static enum err_code take(void *ctx, const struct dead_letter *d, struct err *e)
{
    struct letters *l = ctx;
    enum err_code rc;

    if (l->seen++ < l->skip)
        return OK;
    l->full = l->count == CHUNK || l->text.len >= CHUNK_TEXT;
    if (l->full)
        return err_set(e, ERR_INTERRUPTED, "enough for now");
    struct kept_letter *k = &l->chunk[l->count];
    *k = (struct kept_letter){.letter = {d->place, d->line, d->at, NULL, d->raw_len},
                              .raw_at = l->text.len,
                              .unreadable = strcmp(d->reason, "damaged") == 0};
    if ((rc = buf_add(&l->text, d->raw, d->raw_len)) != OK)
        return buf_err(e, rc, &l->text, "a record set aside");
    l->count++;
    return OK;
}

/* The next letters of the file, behind those that stay. */
static enum err_code fetch(struct letters *l, struct err *e)
{
    enum err_code rc;

    for (size_t i = 0; i < l->count; i++)
        l->skip += !l->chunk[i].in;
    l->count = l->first = l->next = 0;
    l->seen = 0;
    l->full = false;
    buf_reset(&l->text);
    rc = dead_each(l->spool, l->table, DEAD_LOAD, take, l, e);
    if (rc != OK && !l->full)
        return rc;
    for (size_t i = 0; i < l->count; i++)
        l->chunk[i].letter.raw = l->text.data + l->chunk[i].raw_at;
    return OK;
}

enum err_code letters_line(struct letters *l, const struct letter **letter, struct err *e)
{
    *letter = NULL;
    for (;;) {
        if (l->next == l->count) {
            /* Those handed out must be settled before their memory is used again. */
            if (l->first != l->count)
                return OK;
            enum err_code rc = fetch(l, e);
            if (rc != OK || l->count == 0)
                return rc;
        }
        struct kept_letter *k = &l->chunk[l->next++];
        if (k->unreadable)
            continue;
        *letter = &k->letter;
        return OK;
    }
}

void letters_unline(struct letters *l)
{
    if (l->next > l->first)
        l->next--;
}

void letters_back(struct letters *l)
{
    l->next = l->first;
}

static bool stays(void *ctx, const struct dead_letter *d)
{
    const struct letters *l = ctx;

    for (size_t i = 0; i < l->count; i++) {
        const struct kept_letter *k = &l->chunk[i];
        if (k->in && k->letter.line == d->line && k->letter.at == d->at &&
            page_compare(k->letter.place, d->place) == 0)
            return false;
    }
    return true;
}

enum err_code letters_settle(struct letters *l, letters_kept_fn *kept, void *ctx, struct err *e)
{
    bool some = false;

    for (; l->first < l->next; l->first++) {
        struct kept_letter *k = &l->chunk[l->first];
        k->in = !k->unreadable && !kept(ctx, k->letter.place, k->letter.line);
        some |= k->in;
    }
    return some ? dead_filter(l->spool, l->table, DEAD_LOAD, stays, l, e) : OK;
}

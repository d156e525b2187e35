#include "load/dead_letters/redrive.h"
#include "shared/base/buf.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK      1000u
#define CHUNK_TEXT ((size_t)16 << 20)
#define TEXT_MAX   ((size_t)256 << 20)

#define GONE_MAX 32768u /* letters that went in and still stand in the file */

struct kept_record {
    struct redrive_letter letter;
    size_t raw_at;
    bool unreadable;
    bool in; /* it leaves the file */
};

struct gone {
    struct page_place place;
    uint64_t line;
    int64_t at;
};

struct redrive {
    const struct spool *spool;
    char *table;
    struct kept_record chunk[CHUNK];
    size_t count;
    size_t first; /* not settled */
    size_t next;  /* to hand out */
    struct dead_position position;
    bool anew;
    uint64_t stay; /* letters read before the chunk that the file keeps */
    uint64_t skip; /* of them, still to be passed over where the file is read anew */
    struct gone *gone;
    size_t gone_count;
    bool sorted;
    struct buf text;
    bool full;
};

enum err_code redrive_open(struct redrive **out, const struct spool *s, const char *table,
                           struct err *e)
{
    struct redrive *l = calloc(1, sizeof *l);

    if (l == NULL || (l->table = strdup(table)) == NULL) {
        free(l);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    l->spool = s;
    buf_init(&l->text, TEXT_MAX);
    *out = l;
    return OK;
}

void redrive_close(struct redrive *l)
{
    if (l == NULL)
        return;
    struct err e = ERR_INIT;
    if (redrive_flush(l, &e) != OK)
        LOG(LOG_WARN, "redrive",
            "dead letters that went in could not be taken off the list; the next redrive "
            "finds them unchanged",
            F_STR("table", l->table), F_ERR(&e));
    buf_free(&l->text);
    free(l->gone);
    free(l->table);
    free(l);
}

/* ---- those that went in ---- */

static int compare_gone(const void *a, const void *b)
{
    const struct gone *x = a;
    const struct gone *y = b;
    int c = page_compare(x->place, y->place);

    if (c == 0)
        c = (x->line > y->line) - (x->line < y->line);
    return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static void sort_gone(struct redrive *l)
{
    if (!l->sorted && l->gone_count > 1)
        qsort(l->gone, l->gone_count, sizeof *l->gone, compare_gone);
    l->sorted = true;
}

static bool stays(void *ctx, const struct dead_letter *d)
{
    const struct redrive *l = ctx;
    const struct gone key = {d->place, d->line, d->at};

    return l->gone_count == 0 ||
           bsearch(&key, l->gone, l->gone_count, sizeof key, compare_gone) == NULL;
}

/* ---- those to hand out ---- */

static enum err_code take(void *ctx, const struct dead_letter *d, struct err *e)
{
    struct redrive *l = ctx;
    enum err_code rc;

    if (l->anew)
        l->skip = l->stay;
    l->anew = false;
    sort_gone(l);
    if (d->state != DEAD_LISTED || !stays(l, d))
        return OK;
    if (l->skip > 0) {
        l->skip--;
        return OK;
    }
    l->full = l->count == CHUNK || l->text.len >= CHUNK_TEXT;
    if (l->full)
        return err_set(e, ERR_INTERRUPTED, "enough for now");
    struct kept_record *k = &l->chunk[l->count];
    *k = (struct kept_record){.letter = {d->place, d->line, d->at, NULL, d->raw_len},
                              .raw_at = l->text.len,
                              .unreadable = strcmp(d->reason, "damaged") == 0};
    if ((rc = buf_add(&l->text, d->raw, d->raw_len)) != OK)
        return buf_err(e, rc, &l->text, "a dead letter");
    l->count++;
    return OK;
}

/* The next letters of the file, behind those that stay. */
static enum err_code fetch(struct redrive *l, struct err *e)
{
    enum err_code rc;

    for (size_t i = 0; i < l->count; i++)
        l->stay += !l->chunk[i].in;
    l->count = l->first = l->next = 0;
    l->full = false;
    buf_reset(&l->text);
    if (l->gone_count > GONE_MAX - CHUNK && (rc = redrive_flush(l, e)) != OK)
        return rc;
    rc = dead_each_since(l->spool, l->table, DEAD_LOAD, &l->position, &l->anew, take, l, e);
    if (rc != OK && !l->full)
        return rc;
    for (size_t i = 0; i < l->count; i++)
        l->chunk[i].letter.raw = l->text.data + l->chunk[i].raw_at;
    return OK;
}

enum err_code redrive_next(struct redrive *l, const struct redrive_letter **letter, struct err *e)
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
        struct kept_record *k = &l->chunk[l->next++];
        if (k->unreadable)
            continue;
        *letter = &k->letter;
        return OK;
    }
}

void redrive_unread(struct redrive *l)
{
    if (l->next > l->first)
        l->next--;
}

void redrive_rewind(struct redrive *l)
{
    l->next = l->first;
}

bool redrive_done(struct redrive *l, struct page_place place, uint64_t line)
{
    size_t low = 0;
    size_t high = l->gone_count;
    const struct gone key = {place, line, INT64_MIN};

    sort_gone(l);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_gone(&l->gone[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->gone_count && l->gone[low].line == line &&
           page_compare(l->gone[low].place, place) == 0;
}

enum err_code redrive_flush(struct redrive *l, struct err *e)
{
    if (l->gone_count == 0)
        return OK;
    sort_gone(l);
    enum err_code rc = dead_filter(l->spool, l->table, DEAD_LOAD, stays, l, e);
    if (rc == OK)
        l->gone_count = 0;
    return rc;
}

enum err_code redrive_commit(struct redrive *l, redrive_kept_fn *kept, void *ctx, struct err *e)
{
    if (l->gone == NULL && (l->gone = calloc(GONE_MAX, sizeof *l->gone)) == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (; l->first < l->next; l->first++) {
        struct kept_record *k = &l->chunk[l->first];
        k->in = !k->unreadable && !kept(ctx, k->letter.place, k->letter.line);
        if (!k->in)
            continue;
        l->gone[l->gone_count++] = (struct gone){k->letter.place, k->letter.line, k->letter.at};
        l->sorted = false;
    }
    return OK;
}

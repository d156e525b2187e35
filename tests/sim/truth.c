#include "tests/sim/control.h"

#include <stdlib.h>
#include <string.h>

struct truth {
    struct world *w;
    const struct body_conf *body;
    const struct table *table; /* only what never changes is read: name, key, seed */
    struct rec *recs;
    size_t count;
    size_t next;
    struct buf line;
    size_t sent; /* of the line */
    struct query_ways ways;
};

enum err_code truth_open(struct truth **out, struct world *w, const char *table, struct err *e)
{
    enum err_code rc = OK;
    *out = NULL;
    pthread_mutex_lock(&w->lock);
    const struct world_table *t = world_table(w, table);
    if (t == NULL)
        goto done;
    struct truth *truth = calloc(1, sizeof *truth);
    if (truth == NULL) {
        rc = err_set(e, ERR_NOMEM, "no memory for the truth");
        goto done;
    }
    truth->w = w;
    truth->body = &w->conf->body;
    truth->table = t->table;
    truth->count = table_count(t->table);
    truth->ways = world_ways(t);
    truth->recs = table_copy(t->table);
    buf_init(&truth->line, BODY_MAX);
    if (truth->recs == NULL && truth->count > 0) {
        rc = err_set(e, ERR_NOMEM, "no memory for the truth");
        truth_close(truth);
        goto done;
    }
    *out = truth;
done:
    pthread_mutex_unlock(&w->lock);
    return rc;
}

/* The text may be at hand from a page, and is kept for the next one. */
static enum err_code write_line(struct truth *truth)
{
    pthread_mutex_lock(&truth->w->lock);
    enum err_code rc = kept_text(truth->w->kept, truth->body, truth->table,
                                 &truth->recs[truth->next++], &truth->line);
    pthread_mutex_unlock(&truth->w->lock);
    return rc;
}

enum err_code truth_read(struct truth *truth, char *out, size_t max, size_t *n)
{
    enum err_code rc;
    *n = 0;
    while (*n < max) {
        if (truth->sent == truth->line.len) {
            if (truth->next == truth->count)
                break;
            buf_reset(&truth->line);
            truth->sent = 0;
            if (query_hides(&truth->ways, truth->recs[truth->next].id)) {
                truth->next++;
                continue;
            }
            if ((rc = write_line(truth)) != OK || (rc = buf_addc(&truth->line, '\n')) != OK)
                return rc;
        }
        size_t piece = truth->line.len - truth->sent;
        if (piece > max - *n)
            piece = max - *n;
        memcpy(out + *n, truth->line.data + truth->sent, piece);
        truth->sent += piece;
        *n += piece;
    }
    return OK;
}

void truth_close(struct truth *truth)
{
    if (truth == NULL)
        return;
    buf_free(&truth->line);
    free(truth->recs);
    free(truth);
}

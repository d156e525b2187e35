/* Which rows of a part are refused: halves of halves, down to those that are to blame (txn.h). */
#include "load/upsert/txn_private.h"
#include <string.h>

#define ALONE_MOST                                                                                 \
    3u /* failures of a single row, of which the SQLSTATE does not tell that it is to blame */
#define EVERYONE_LEAST                                                                             \
    20u /* rows whose content is refused in the same words, and none goes in; of an empty table ... */
#define EVERYONE_EMPTY 3u

/* Whether the error is about rows, and not about the table, the connection or a time limit (db_decide.h). */
bool txn_about_rows(const struct txn *t, const struct err *err)
{
    struct db_decision d = db_decide(DB_PHASE_ROWS, err);

    if (d.action == DB_ISOLATE)
        return true;
    if (d.then != DB_ISOLATE || d.lock)
        return false;
    return d.action == DB_LOOK_AGAIN ? t->job.looked : t->job.waited;
}

/* Whether two rows fail in the same words. The message about a value that does not fit its type quotes the value, which is left out. */
static bool are_alike(const struct err *a, const struct err *b)
{
    bool quotes = strncmp(a->sqlstate, "22", 2) == 0;
    const char *p = a->msg;
    const char *q = b->msg;

    if (strcmp(a->sqlstate, b->sqlstate) != 0)
        return false;
    while (*p != '\0' && *p == *q) {
        if (quotes && *p == '"') {
            p += 1 + strcspn(p + 1, "\"");
            q += 1 + strcspn(q + 1, "\"");
        }
        p += *p != '\0';
        q += *q != '\0';
    }
    return *p == *q;
}

/* Whether this single row has failed often enough. What three rows have shown is taken for granted with the fourth. */
static bool is_guilty(struct txn *t, const struct err *why)
{
    bool content = db_decide(DB_PHASE_ROWS, why).content;
    bool same = strcmp(t->first.sqlstate, why->sqlstate) == 0;

    if (!content && ++t->alone < ALONE_MOST && !(same && t->guilty >= ALONE_MOST))
        return false;
    if (t->refused++ == 0)
        t->first = *why;
    t->guilty += same || t->refused == 1;
    t->alike = t->alike && are_alike(&t->first, why);
    t->content = t->content && content;
    t->alone = 0;
    return true;
}

/* Whether the transaction has waited for a lock: then no row is to blame, whatever error the statement ended with. */
static bool is_explained(struct txn *t, const struct err *why)
{
    if (db_decide(DB_PHASE_ROWS, why).content || t->job.explained == NULL ||
        !t->job.explained(t->job.ctx))
        return false;
    err_set(&t->err, ERR_UNAVAILABLE, "a row waits for a lock that another session holds (%.300s)",
            why->msg);
    memcpy(t->err.sqlstate, "55P03", 6);
    return true;
}

/* Goes on after a part was refused: with its halves, with the same row again, or without the row that is to blame. Returns false if the transaction
 * has failed. */
bool txn_halve(struct txn *t, const struct err *why)
{
    const char *data;
    struct part p = t->part;

    t->part_failed = true;
    if (t->count + 2 > TXN_PARTS) {
        err_set(&t->err, ERR_INTERNAL, "a batch of %zu rows cannot be halved so often",
                batch_rows(t->job.batch));
        return false;
    }
    if (p.to - p.from == 1 && is_explained(t, why))
        return false;
    if (p.to - p.from == 1 && is_guilty(t, why))
        return t->job.refused(t->job.ctx, batch_row(t->job.batch, p.from, &data), why, &t->err) ==
               OK;
    if (p.to - p.from == 1) {
        t->parts[t->count++] = p;
        return true;
    }
    size_t middle = p.from + (p.to - p.from) / 2;
    t->parts[t->count++] = (struct part){middle, p.to, p.path};
    t->parts[t->count++] = (struct part){p.from, middle, p.path};
    return true;
}

/* Whether no row goes in and all fail in the same words, so that the table or the role is to blame. */
bool txn_is_everyone(const struct txn *t)
{
    bool own_words = strncmp(t->first.sqlstate, "P0", 2) == 0;

    if (!t->job.bisect || t->job.rows_alone || t->job.proven || t->went > 0 || !t->alike)
        return false;
    if (!t->content)
        return t->refused > 0;
    return (own_words || !t->job.some_in) &&
           t->refused >= (t->job.empty ? EVERYONE_EMPTY : EVERYONE_LEAST);
}

bool txn_refuse_suspect(struct txn *t)
{
    const char *data;
    size_t i = t->job.first;

    while (i < t->job.end && batch_row(t->job.batch, i, &data)->row.key != *t->job.suspect)
        i++;
    if (i == t->job.end)
        return true;
    t->first = *t->job.suspected;
    t->refused = t->guilty = 1;
    t->content = false;
    t->count = 0;
    if (i + 1 < t->job.end)
        t->parts[t->count++] = (struct part){i + 1, t->job.end, BATCH_COMPARE};
    if (i > t->job.first)
        t->parts[t->count++] = (struct part){t->job.first, i, BATCH_COMPARE};
    return t->job.refused(t->job.ctx, batch_row(t->job.batch, i, &data), t->job.suspected,
                          &t->err) == OK;
}

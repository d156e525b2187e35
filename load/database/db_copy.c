/* COPY ... FROM STDIN in pieces, no faster than the socket takes them. */
#include "load/database/db_private.h"

/* Hands the next piece to libpq, or ends the COPY. Returns false if libpq cannot go on. */
static bool refill(struct db *d)
{
    struct err why = ERR_INIT;

    buf_reset(&d->piece);
    if (d->source(d->ctx, &d->piece, &why) != OK) {
        d->err = why; /* ours, before the server's "COPY failed" */
        d->copied = true;
        return PQputCopyEnd(d->conn, "cancelled by the client") >= 0;
    }
    if (d->piece.len > 0)
        return true;
    d->copied = true;
    return PQputCopyEnd(d->conn, NULL) >= 0;
}

/*
 * libpq buffers all that it is given, so it gets the next piece only when the last one was sent. If the server has failed meanwhile, that shows
 * only after the end of the COPY, since libpq does not look at the answer before.
 */
bool db_copy_feed(struct db *d)
{
    while (!d->copied) {
        int left = PQflush(d->conn);
        if (left > 0)
            return true;
        if (left < 0 || !refill(d))
            return false;
        if (!d->copied && PQputCopyData(d->conn, d->piece.data, (int)d->piece.len) <= 0)
            return false;
    }
    return true;
}

void db_copy(struct db *d, const char *sql, db_source_fn *source, db_done_fn *done, void *ctx)
{
    d->source = source;
    d->copied = false;
    db_query(d, sql, NULL, 0, done, ctx);
}

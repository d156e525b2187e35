/*
 * The shapes of a table's records: which outermost members a record has, where the three members that are columns stand, and the
 * order in which jsonb would store the rest.
 *
 *     shapes_open(&s, "contact_id", e);
 *     shapes_of(s, &record, &shape, e);            // good until the next call
 *     shapes_common(s, ids, n, out);               // names that all of these shapes have
 *
 * Why the order: jsonb sorts an object's names by length, then by bytes. Text that comes sorted saves the server 15 to 23 % of its
 * time. The records of a table have one shape, or few, so the order is found once and remembered. Only the outermost level is worth it.
 *
 * If a name stands twice, only the last member is data, as in jsonb. If a name has an escaped NUL (which --on-nul replace turns into
 * another name), the order is left as it came.
 *
 * With the names that all records of a batch have, the server can merge cheaply: see sql_merged (load/database/sql.h).
 */
#ifndef NETTY_LOAD_ROW_ROW_SHAPE_H
#define NETTY_LOAD_ROW_ROW_SHAPE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/json/json_record.h"

/* The members first to last of the record, which stand one behind the other in it. */
struct shape_piece {
    uint32_t first, last;
};
#define SHAPE_DELETED UINT32_MAX /* a piece's first: `deleted`, which the record lacks */
#define SHAPE_NONE    SIZE_MAX   /* no such member */

struct shape {
    uint64_t id;                   /* a hash of data's names, whatever their order */
    size_t key, created, modified; /* indexes of these members: of each name the last one */
    size_t deleted;                /* likewise; a piece of its own */
    const struct shape_piece *pieces;
    size_t count;
};

struct shapes;
enum err_code shapes_open(struct shapes **s, const char *key, struct err *e) MUST_CHECK;
void shapes_close(struct shapes *s); /* NULL is fine */
enum err_code shapes_of(struct shapes *s, const struct record *r, const struct shape **shape,
                        struct err *e) MUST_CHECK;

/* Adds to out names of data that all these shapes have, as PostgreSQL's text of a text[]. Some may be missing, since old shapes are
 * forgotten; "{}" is always right. */
enum err_code shapes_common(const struct shapes *s, const uint64_t *ids, size_t n,
                            struct buf *out) MUST_CHECK;

#endif

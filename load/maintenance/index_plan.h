/*
 * Which index is to be made of what, and how it is called. No input or output.
 */
#ifndef NETTY_LOAD_MAINTENANCE_INDEX_PLAN_H
#define NETTY_LOAD_MAINTENANCE_INDEX_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* What load/sql/index_look.sql has found. */
struct index_seen {
    bool there, valid; /* an index of that name */
    bool ours;         /* ... on this table */
    bool found;        /* some row has the member */
    bool nested;       /* ... and some value is an object or array */
    bool typed; /* the view of the table has a column for it, of another type than text and jsonb */
    int64_t longest;        /* value, of those looked at, in bytes */
    bool busy, partitioned; /* such an index is being made; the table has partitions */
    bool by_time;           /* time_modified has an index, whatever its name */
};

enum index_kind {
    INDEX_TIME,
    INDEX_TEXT,  /* B-tree of data->>'member' */
    INDEX_TYPED, /* B-tree of the expression of the view's column */
    INDEX_HASH, /* the same where values are long, for a B-tree refuses rows beyond some 2,700 bytes */
    INDEX_NESTED, /* GIN of data->'member' */
};
/* member NULL: time_modified. */
enum index_kind index_kind(const char *member, const struct index_seen *seen);

enum index_step {
    INDEX_KEEP, /* it is there */
    INDEX_MAKE,
    INDEX_REBUILD, /* a failure left it invalid: drop it first */
    INDEX_BUSY,
    INDEX_TAKEN,  /* the name is another's */
    INDEX_ABSENT, /* no row has the member: probably mistyped */
    INDEX_PARTS,  /* partitions have to be done one by one */
};
enum index_step index_step(const char *member, const struct index_seen *seen);

/* "<relation>_<member>_idx", cut to what PostgreSQL takes, then with a hash of the whole. */
#define INDEX_NAME 64
void index_name(const char *relation, const char *member, char out[INDEX_NAME]);

#endif

/*
 * The set of members that the records of a table have had, so that a new member is noticed when it comes: the outermost members, and
 * those of objects down to `depth` levels below.
 *
 *     member_set_open(&s, file, depth, e);           // file: the members known before; "": none are, and none are stored
 *     member_set_look(s, &record, &shape);           // each record that goes in
 *     if (member_set_is_due(s))                      // some member was not known
 *         use(member_set_news(s, &n));               // valid until the next look
 *     member_set_learn(s, news, n);                  // these members are known from now on
 *
 * A member is identified by a hash of its path. No name is kept, since the names in a map are values. An object below which more
 * than MEMBER_SET_WIDE names came counts as a map, and is no longer looked into. A set holds at most MEMBER_SET_MOST members; further ones
 * are ignored. Cost: a comparison for a record with the outermost names of an earlier record, and a pass over the text of its objects.
 *
 * The file is a cache that the loader alone uses. It is written when a new member comes, before that record is committed, so that after
 * a kill the next loader finds the member due; and by member_set_learn. It has a checksum, is replaced by renaming, and is never synced.
 * If it is lost, all members are new once. If two loaders write it, each loses what the other one learned.
 */
#ifndef NETTY_LOAD_ROW_MEMBER_SET_H
#define NETTY_LOAD_ROW_MEMBER_SET_H

#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMBER_SET_FILE                                                                            \
    "members-" /* and 16 hexadecimal digits, in the table's folder of the spool */
#define MEMBER_SET_WIDE 200
#define MEMBER_SET_MOST 20000
#define MEMBER_ROOT     0

struct record;
struct shape;
struct member_set;

/* A member's path, and the path of the object that it stands in (MEMBER_ROOT: it is outermost). */
struct member_new {
    uint64_t hash, parent;
};

uint64_t member_hash(uint64_t parent, const char *name, size_t n);

enum err_code member_set_open(struct member_set **s, const char *file, unsigned depth,
                              struct err *e) MUST_CHECK;
void member_set_close(struct member_set *s); /* NULL is fine, as for all of these */

void member_set_look(struct member_set *s, const struct record *r, const struct shape *shape);
/* Takes the members that were new to the other set as new to this one, unless it knows them. */
void member_set_adopt(struct member_set *s, const struct member_set *other);
bool member_set_is_due(const struct member_set *s);
/* Returns false if there may be more new members than member_set_news returns. */
bool member_set_is_whole(const struct member_set *s);
/* Makes the set not due for so many microseconds, also in later processes, or until member_set_learn. */
void member_set_postpone(struct member_set *s, int64_t us);
const struct member_new *member_set_news(const struct member_set *s, size_t *n);
void member_set_learn(struct member_set *s, const struct member_new *news, size_t n);

#endif

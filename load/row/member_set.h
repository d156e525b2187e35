/*
 * Which members the records of a table have had, so that a new one is noticed when it comes: the outermost ones, and those of objects
 * down to `depth` levels below.
 *
 *     member_set_open(&s, file, depth, e);           // file: what was known before; "": nothing is, and nothing is kept
 *     member_set_look(s, &record, &shape);           // of each record that goes in
 *     if (member_set_is_due(s))                      // some was not known
 *         use(member_set_news(s, &n));               // until the next look
 *     member_set_learn(s, news, n);                  // those are known from now on
 *
 * A member is told by a hash of its path; no name is kept, for in a map the names are values. An object below which more than
 * MEMBER_SET_WIDE names came is such a map, and no longer looked into. A set holds at most MEMBER_SET_MOST members; further ones are ignored.
 * A record whose outermost names are those of one before costs a comparison, and its objects a pass over their text.
 *
 * The file is the loader's own, and a cache: written when a member comes that is not in it, before its record is committed, so that a
 * loader that is killed then has the next one look (member_set_is_due at once); and by member_set_learn. Never synced, checked,
 * replaced by renaming, may be lost: then all members are new once. Two loaders that write it lose what the other one learned.
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
/* What was new to the other set is looked for in this one. */
void member_set_adopt(struct member_set *s, const struct member_set *other);
bool member_set_is_due(const struct member_set *s);
/* False: others than member_set_news tells may be new, too. */
bool member_set_is_whole(const struct member_set *s);
/* Not due for so many microseconds, in the processes to come either; until member_set_learn. */
void member_set_postpone(struct member_set *s, int64_t us);
const struct member_new *member_set_news(const struct member_set *s, size_t *n);
void member_set_learn(struct member_set *s, const struct member_new *news, size_t n);

#endif

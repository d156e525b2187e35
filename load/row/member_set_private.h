/* What member_set.c (the members in memory, and looking at records) and member_set_file.c share. Nobody else includes this. */
#ifndef NETTY_LOAD_ROW_MEMBER_SET_PRIVATE_H
#define NETTY_LOAD_ROW_MEMBER_SET_PRIVATE_H

#include "load/row/member_set.h"
#include "shared/json/json_record.h"

#define PLACES_MOST (1u << 16) /* more than three times MEMBER_SET_MOST */
#define SHAPES      16
#define LEVELS_MAX  2 /* of objects below the outermost members */

struct seen {
    struct member_new member; /* hash 0: the place is free */
    uint32_t below;           /* names seen below it */
    bool known;
};

struct member_set {
    struct seen *places; /* never more than a third of them taken */
    size_t room, count;
    struct member_new *news; /* those that are not known, in the order in which they came */
    size_t news_count, news_room;
    uint64_t shapes[SHAPES]; /* whose names are in the set */
    size_t next_shape;
    struct json_splitter *splitters[LEVELS_MAX];
    unsigned depth;
    char *file;
    int64_t not_before; /* member_set_postpone */
    bool due;           /* the last loader ended before it could say what was new */
    bool noted;         /* in the file: something is new */
    bool broken;        /* no memory: nothing is looked for any more */
};

struct seen *member_set_place(struct member_set *s, uint64_t hash); /* of it, or the free one */
void member_set_put(struct member_set *s, struct member_new member, bool known);
void member_set_count(struct member_set *s, struct member_new member); /* below its parent */

/* member_set_file.c: what the file knows; and writes what is known, and whether something is new. Neither fails the load. */
void member_set_read(struct member_set *s);
void member_set_write(struct member_set *s, bool due);

#endif

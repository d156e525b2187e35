/*
 * Records that spoil the pages they stand on: a text that is no JSON, a member with an odd value, or
 * a page that cannot be had at all because the record is on it. The truth (GET truth/TABLE) shows
 * these records unspoilt: what the server sends once it has mended them.
 *
 *     POST /_sim/spoil?table=contacts&id=7&how=text&hex=7b22      its element is these bytes
 *                                     &how=member&name=x&hex=31   its member x (new or not) is 1
 *                                     &how=status&status=500      any page with it fails so;
 *                                     &how=cut, &how=hang         or so
 *     POST /_sim/mend?table=contacts&id=7                         (without id: all of the table)
 *
 * The world's lock is the caller's.
 */
#ifndef NETTY_TESTS_SIM_RECORD_SPOIL_H
#define NETTY_TESTS_SIM_RECORD_SPOIL_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "tests/sim/base/args.h"
#include <stdbool.h>
#include <stdint.h>

enum spoil_how {
    SPOIL_TEXT,
    SPOIL_MEMBER,
    SPOIL_STATUS,
    SPOIL_CUT,
    SPOIL_HANG,
    SPOIL_KINDS
};

struct spoil {
    uint32_t id;
    enum spoil_how how;
    unsigned status; /* of SPOIL_STATUS */
    char name[64];   /* of SPOIL_MEMBER */
    char *bytes;     /* of SPOIL_TEXT and SPOIL_MEMBER */
    size_t len;
};

/* Of one table; all zero is an empty list. */
struct spoils {
    struct spoil *at; /* by id */
    size_t n, room;
};

void spoils_free(struct spoils *s);
const struct spoil *spoils_find(const struct spoils *s, uint32_t id); /* NULL: none */
/* ERR_USAGE names the argument that is wrong. */
enum err_code spoils_add(struct spoils *s, const struct args *args, struct err *e) MUST_CHECK;
/* All, or the one that args names. */
enum err_code spoils_mend(struct spoils *s, const struct args *args, struct err *e) MUST_CHECK;

static inline bool spoil_is_text(const struct spoil *s)
{
    return s->how == SPOIL_TEXT || s->how == SPOIL_MEMBER;
}
/* The record's good text, which ends out from `begin` on, becomes the spoilt one. */
enum err_code spoil_text(const struct spoil *s, struct buf *out, size_t begin) MUST_CHECK;

#endif

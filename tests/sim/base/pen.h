/*
 * Writing JSON text fast, with a sticky error: after a failure every call is without effect and the
 * first failure stays in rc, so that a writer of forty members checks once.
 */
#ifndef NETTY_TESTS_SIM_BASE_PEN_H
#define NETTY_TESTS_SIM_BASE_PEN_H

#include "shared/base/buf.h"
#include "tests/sim/base/rng.h"
#include <stdint.h>
#include <string.h>

struct pen {
    struct buf *out;
    enum err_code rc;
    struct rng rng; /* decides the text and its spelling */
};

static inline void pen_raw(struct pen *p, const char *s, size_t n)
{
    if (p->rc == OK)
        p->rc = buf_add(p->out, s, n);
}

/* A text as it is. Inline, so that the length of a literal is counted by the compiler. */
static inline void pen_put(struct pen *p, const char *s)
{
    pen_raw(p, s, strlen(s));
}

void pen_uint(struct pen *p, uint64_t n);

/* A JSON string with its quotes. What may be spelt in several ways (accents and emoji as themselves
 * or as \u escapes, the slash with or without a backslash) is spelt at random, one way a string. */
void pen_string(struct pen *p, const char *utf8);
/* The same without quotes, and plain: only what must be escaped is. */
void pen_plain(struct pen *p, const char *utf8);

#endif

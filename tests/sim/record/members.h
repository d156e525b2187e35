/*
 * The members of records: what stands in them, as data. Two shapes: people (contacts, users,
 * companies, agencies and unknown tables) and goods (properties, mandates, affairs, products,
 * tasks).
 */
#ifndef NETTY_TESTS_SIM_RECORD_MEMBERS_H
#define NETTY_TESTS_SIM_RECORD_MEMBERS_H

#include "tests/sim/base/pen.h"
#include "tests/sim/record/body.h"

/* A record being written. */
struct writing {
    struct pen pen; /* its rng is seeded anew for each member */
    const struct body_conf *conf;
    const struct table *table;
    const struct rec *rec;
    size_t
        extra; /* bytes that a mood's forms take more than the plain ones (modulo), not to show in the notes */
};

struct member_def {
    const char *name; /* as spelt in the text, escapes included */
    void (*write)(struct writing *w);
    unsigned period; /* changes every so many versions; 0: never */
    bool vanishes;   /* with --vanish: missing in every third version */
};

/* The members beside key, times, deleted, revision and notes. */
const struct member_def *members_of(const char *table, size_t *n);

/* A time of the record's own past, in the world's format, with quotes. */
void write_past_time(struct writing *w);

#endif

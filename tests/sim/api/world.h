/*
 * Everything the stand-in knows: its tables, their moods, the clock, the key's gate, and the log of
 * requests. Members are open to the sim's own files; whoever reads or writes them holds the lock,
 * except for what never changes: conf, body, and the tables' names and seeds.
 */
#ifndef NETTY_TESTS_SIM_API_WORLD_H
#define NETTY_TESTS_SIM_API_WORLD_H

#include "shared/time/when.h"
#include "tests/sim/api/options.h"
#include "tests/sim/api/query.h"
#include "tests/sim/api/reqlog.h"
#include "tests/sim/base/mood.h"
#include "tests/sim/record/kept.h"
#include "tests/sim/record/spoil.h"
#include "tests/sim/record/table.h"
#include <pthread.h>

struct world_table {
    struct table *table;
    struct mood mood;
    uint64_t requests; /* so far; faults and edits follow from the seed and this number */
    int64_t faults;
    bool saved; /* same_page_forever: the query that is answered each time */
    struct query first;
    struct spoils spoils;
};

/* The key asked too often: closed until a time or for a number of requests. */
struct gate {
    int64_t passed;
    bool closed;
    int64_t until; /* when_tick() */
    int64_t left;
};

#define SIM_KEY_MAX 256

struct world {
    const struct sim_conf *conf;
    pthread_mutex_t lock;
    struct world_table tables[SIM_TABLES_MAX];
    size_t n;
    struct mood common; /* throttle_* */
    struct gate gate;
    struct reqlog *log;
    struct kept *kept;
    struct zone *utc;
    char key[SIM_KEY_MAX]; /* that is good: conf->key, until another is told */
    int64_t shift;         /* the clock's distance from --start (fixed) or from the wall clock */
    uint64_t changes;      /* made by control requests: the default seed of the next */
    uint16_t port;
};

/* conf is borrowed. */
enum err_code world_open(struct world **w, const struct sim_conf *conf, struct err *e) MUST_CHECK;
void world_close(struct world *w);

struct world_table *world_table(struct world *w, const char *name); /* NULL: there is none */
struct query_ways world_ways(const struct world_table *t);
int64_t world_now(const struct world *w);
void world_tick(struct world *w); /* a fixed clock goes on */

/* name NULL: all tables. Nothing changes when it fails. */
enum err_code world_set_mood(struct world *w, const char *name, const struct args *args,
                             struct err *e) MUST_CHECK;

/* One more request with the right key: is it turned away? */
bool world_throttled(struct world *w);
/* Microseconds until the gate opens, as far as it is known; else 0. */
int64_t world_throttle_left(const struct world *w);

#endif

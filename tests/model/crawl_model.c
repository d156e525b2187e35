/*
 * The crawl's model test: random histories, played one after the other.
 *
 *     crawl_model [N [FIRST]]      N histories (default 1000000) from seed FIRST (default 1)
 *     crawl_model -a N [FIRST]     all of them, and a line for each that fails
 *     crawl_model -l N [FIRST]     the same of small tables of which much is not given
 *     crawl_model -c N [FIRST]     what one record that is not given costs
 *     crawl_model -s SEED          one history, told step by step
 *     crawl_model -sl SEED         one of those of -l, made smaller and told; -sc SEED: one of those of -c
 */
#include "tests/model/history.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct totals {
    uint64_t requests, pages, retakes, taken, blank;
    unsigned worst, quiet;
    uint64_t worst_seed, quiet_seed;
};

static void report(struct history *h, const struct history_result *r)
{
    struct history_result small;
    (void)printf("seed %" PRIu64 ": %s\nmade smaller:\n", h->seed, r->violation);
    history_shrink(h);
    history_print(h, stdout);
    history_play(h, &small);
    history_trace(h, stdout);
}

static void add(struct totals *t, uint64_t seed, const struct history_result *r)
{
    t->requests += r->requests;
    t->pages += r->pages;
    t->retakes += r->retakes;
    t->taken += r->taken;
    t->blank += r->blank;
    if (r->worst > t->worst) {
        t->worst = r->worst;
        t->worst_seed = seed;
    }
    if (r->quiet > t->quiet) {
        t->quiet = r->quiet;
        t->quiet_seed = seed;
    }
}

static int list_all(uint64_t n, uint64_t first, void (*make)(struct history *, uint64_t))
{
    uint64_t found = 0;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct history h;
        struct history_result r;
        make(&h, seed);
        history_play(&h, &r);
        if (r.violation[0] == '\0')
            continue;
        found++;
        (void)printf("seed %" PRIu64 ": %s\n", seed, r.violation);
    }
    (void)printf("%" PRIu64 " histories, %" PRIu64 " violations\n", n, found);
    return found > 0;
}

static int count_costs(uint64_t n, uint64_t first)
{
    struct history_costs costs = {0};
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct history h;
        struct history_result r;
        history_make_lone(&h, seed);
        history_play(&h, &r);
        history_costs_add(&costs, &r);
        if (r.violation[0] != '\0')
            (void)printf("seed %" PRIu64 ": %s\n", seed, r.violation);
    }
    (void)printf(
        "met for the first time in %u runs: more than %d requests in %u, at most %u; known "
        "in %u runs: more than %d in %u, at most %u\n",
        costs.met, COSTS_MET, costs.met_above, costs.met_worst, costs.known, COSTS_KNOWN,
        costs.known_above, costs.known_worst);
    return 0;
}

static int play_all(uint64_t n, uint64_t first)
{
    struct totals t = {0};
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct history h;
        struct history_result r;
        history_make(&h, seed);
        history_play(&h, &r);
        add(&t, seed, &r);
        if (r.violation[0] == '\0')
            continue;
        report(&h, &r);
        (void)printf("%" PRIu64 " histories, 1 violation\n", seed - first + 1);
        return 1;
    }
    (void)printf("%" PRIu64 " requests, %" PRIu64 " pages kept (%" PRIu64
                 " asked for ahead), %" PRIu64 " taken back; longest run "
                 "%u requests (seed %" PRIu64 "), longest in silence %u (seed %" PRIu64
                 "); %" PRIu64 " runs not judged, as nothing shows that records are hidden\n",
                 t.requests, t.pages, t.taken, t.retakes, t.worst, t.worst_seed, t.quiet,
                 t.quiet_seed, t.blank);
    (void)printf("%" PRIu64 " histories, 0 violations\n", n);
    return 0;
}

static int tell(uint64_t seed, void (*make)(struct history *, uint64_t))
{
    struct history h;
    struct history_result r;
    make(&h, seed);
    history_play(&h, &r);
    if (r.violation[0] != '\0' && make != history_make)
        history_shrink(&h);
    history_print(&h, stdout);
    history_trace(&h, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strncmp(argv[1], "-s", 2) == 0)
        return tell(strtoull(argv[2], NULL, 10), argv[1][2] == 'l'   ? history_make_lacking
                                                 : argv[1][2] == 'c' ? history_make_lone
                                                                     : history_make);
    if (argc >= 3 && strcmp(argv[1], "-c") == 0)
        return count_costs(strtoull(argv[2], NULL, 10), argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    if (argc >= 3 && (strcmp(argv[1], "-a") == 0 || strcmp(argv[1], "-l") == 0))
        return list_all(strtoull(argv[2], NULL, 10), argc > 3 ? strtoull(argv[3], NULL, 10) : 1,
                        argv[1][1] == 'a' ? history_make : history_make_lacking);
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    return play_all(n, argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
}

/* What one record that is not given costs: the requests of each run beyond those of the same run in the same world without it. */
#include "tests/model/player.h"

/* Requests of a run for one record, at most: 28 in all lists that meet it for the first time (more than 24 in two of the seeds up to 800,000:
 * 91053, 367482, where its place is guessed wrongly), and 2 for each answer that it would have been in, for that page comes in two parts then. A group of equal times that is larger than a page is a list of its own, which costs 12 more.
 * Where it is not known yet how far off filters are read, each greater lead is another list, and the record is met under all four. Where the
 * API has a page size of its own, or times cannot be read or lie in the future, its place is looked for anew, too. There the bound is 75 in
 * all (it is reached by seed 4285040). */
#define COST_PLAIN 28
#define COST_GROUP 12
#define COST_MET   2
#define COST_MOST  75

/* Filters are read as times are shown, in pages of a size of the crawl's own. */
static bool is_plain(const struct history *h)
{
    const struct world_conf *w = &h->world;
    bool plain = w->shown == 0 && w->fold == WHEN_NONE && !w->daily && w->cap == 0 &&
                 w->garbled == 0 && w->future == 0 && w->soon == 0 && h->start == START_FULL;
    for (unsigned i = 0; i < h->runs; i++)
        plain &= h->read[i] == 0;
    return plain;
}

void player_check_costs(struct player *p, const struct history_result *without)
{
    const struct history_result *with = p->result;
    p->result->priced = is_plain(p->h);
    for (unsigned i = 0; i < p->h->runs + 2; i++) {
        int more = (int)with->run[i] - (int)without->run[i];
        p->result->more[i] = more;
        int most = COST_PLAIN + COST_MET * (int)without->met[i];
        most += without->grouped[i] ? COST_GROUP : 0;
        most = is_plain(p->h) ? most : COST_MOST;
        if (more > most && !p->h->lone)
            player_violated(p, "run %u: one record that is not given costs %d requests", i, more);
    }
}

static void add(int more, int most, unsigned *runs, unsigned *above, unsigned *worst)
{
    ++*runs;
    *above += more > most;
    if (more > (int)*worst)
        *worst = (unsigned)more;
}

void history_costs_add(struct history_costs *costs, const struct history_result *r)
{
    for (unsigned i = 0; r->priced && i < HISTORY_RUNS + 2; i++) {
        int more = r->more[i];
        if (r->still[i])
            add(more, COSTS_KNOWN, &costs->known, &costs->known_above, &costs->known_worst);
        else if (!r->knew[i] && more > COSTS_KNOWN)
            add(more, COSTS_MET, &costs->met, &costs->met_above, &costs->met_worst);
    }
}

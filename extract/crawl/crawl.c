#include "extract/crawl/crawl_private.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 5
#define REPEATS_MAX  4
#define STUCK_MAX    200
#define STUCK_KEYS   60
#define STUCK_SURE   80
#define BLIND_ALL    (UINT64_C(1) << 62)
#define SAMES_MAX    20
#define TUNES_MAX    2
#define TUNE_LEAST   (60 * WHEN_SECOND)

enum err_code crawl_open(struct crawl **out, const struct crawl_conf *conf, const char *position,
                         struct err *e)
{
    enum err_code rc = ERR_NOMEM;
    *out = NULL;
    struct crawl *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    c->known = calloc(CRAWL_KNOWN, sizeof(*c->known));
    c->page.entries = calloc(CRAWL_KNOWN, sizeof(*c->page.entries));
    if (c->known == NULL || c->page.entries == NULL) {
        (void)err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    crawl_clear(c, conf);
    if ((rc = crawl_begin(c, position, e)) != OK)
        goto done;
    *out = c;
    c = NULL;
done:
    crawl_close(c);
    return rc;
}

void crawl_close(struct crawl *c)
{
    if (c == NULL)
        return;
    crawl_passes_free(c);
    free(c->known);
    free(c->page.entries);
    free(c);
}

enum crawl_next crawl_next(struct crawl *c, struct crawl_request *request)
{
    if (c->broken)
        return CRAWL_DONE;
    if (c->phase == CRAWL_END) {
        crawl_facts_reset(&c->page);
        return crawl_again_next(c, request) ? CRAWL_FETCH : CRAWL_DONE;
    }
    *request = (struct crawl_request){.offset = c->ask.offset, .limit = c->limit};
    if (c->phase == CRAWL_KEYS)
        crawl_keys_request(c, request);
    else if (c->ask.filtered)
        (void)when_api(crawl_ask_after(&c->ask), request->after);
    if (c->phase != CRAWL_KEYS && (c->look_behind.windows > 0 || c->look_behind.bottom))
        request->offset = c->look_behind.offset;
    if (c->passes.on && request->limit > 3)
        request->limit -= c->passes.pass % 3;
    c->asked = request->limit;
    if (crawl_trial_next(c, request))
        crawl_facts_reset(&c->page);
    return CRAWL_FETCH;
}

enum err_code crawl_record(struct crawl *c, const struct crawl_seen *seen, struct err *e)
{
    (void)e;
    if (!crawl_trial_looks(c))
        crawl_facts_add(c, seen);
    crawl_trial_record(c, seen);
    return OK;
}

bool crawl_refused(struct crawl *c, bool for_good)
{
    if (crawl_trial_refused(c))
        return true;
    if (c->phase != CRAWL_KEYS)
        return false;
    if (c->keys.contrast) {
        crawl_facts_reset(&c->page);
        crawl_keys_doubt(c);
        return true;
    }
    struct crawl_learned learned = c->learned;
    int64_t clock = c->clock != WHEN_NONE ? c->clock : c->conf.now;
    c->no_keys |= !for_good;
    if (!for_good && c->keys.list != CRAWL_NEWEST) /* by the next run, else once a day */
        c->learned.retry = clock + (c->learned.retry != WHEN_NONE ? CRAWL_DAY : 0);
    crawl_facts_reset(&c->page);
    crawl_keys_fail(c);
    if (!for_good) {
        c->learned.sorts = learned.sorts;
        c->learned.downs = learned.downs;
        c->learned.equals = learned.equals;
    }
    return true;
}

static enum crawl_verdict broken(struct crawl *c)
{
    c->broken = true;
    return CRAWL_BROKEN;
}

enum crawl_verdict crawl_retake(struct crawl *c, struct err *e)
{
    c->stats.step_backs++;
    c->hollow |= c->page.n == 0;
    /* Where pages do not fit by time, they may by key. */
    if (++c->stuck == STUCK_KEYS && c->phase == CRAWL_KEYS && crawl_refused(c, false)) {
        c->stuck = 0;
        return CRAWL_RETAKE;
    }
    if (c->stuck == STUCK_KEYS && c->phase != CRAWL_KEYS && c->placed && !c->passes.on &&
        (crawl_keys_possible(c) || c->page.unreadable > 0 || c->learned.thinned || c->hollow)) {
        bool all = (c->learned.thinned || c->hollow) && !crawl_keys_possible(c);
        c->blind = all ? BLIND_ALL : c->place.offset + 1;
        crawl_trouble(c, CRAWL_UNPROVEN_UNFIT);
    }
    if (c->stuck > STUCK_SURE && c->sure != WHEN_NONE && c->phase != CRAWL_KEYS)
        return crawl_leave_rest(c);
    if (c->stuck <= STUCK_MAX)
        return CRAWL_RETAKE;
    (void)err_set(e, ERR_PROTOCOL,
                  "the pages of the list do not fit together after %d attempts: it changes faster "
                  "than it can be read, or the API does not sort by time_modified; run again later",
                  STUCK_MAX);
    return broken(c);
}

/* Whether the page begins at or before what has been read, without which no page is kept. A run's first page must also show that it reads the
 * overlap again. */
static bool continuous(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    const struct crawl_ask *ask = &c->ask;
    bool covers = c->covered == WHEN_NONE || c->placed ||
                  (page->first != WHEN_NONE && page->first <= c->covered);
    if (c->phase == CRAWL_HEAD && page->late_hit)
        covers = false; /* edits came in before the records without a time */
    /* Without a filter a page may begin in the midst of a group that must be read from its first record on. */
    bool low =
        c->low != WHEN_NONE && !c->placed && !c->resumed && !ask->filtered && ask->offset > 0;
    if (low && (page->first == WHEN_NONE || page->first > c->low))
        covers = false;
    if (crawl_same_page(c) || (c->behind && page->n == 0) || c->blind > 0 || c->single)
        return true;
    if (covers && page->hits > 0)
        return true;
    if (covers && page->first != WHEN_NONE && c->frontier != WHEN_NONE &&
        page->first < c->frontier - CRAWL_FOLD)
        return true;
    if (ask->offset > 0)
        return false;
    if (!ask->filtered || (c->open && covers))
        return true;
    return ask->lead >= CRAWL_LEAD_MAX &&
           (c->frontier == WHEN_NONE || ask->base_time < c->frontier);
}

static bool filter_ignored(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (!c->ask.filtered || page->n == 0)
        return false;
    if (page->first == WHEN_NONE)
        return page->timeless == page->n;
    return page->first <= crawl_ask_after(&c->ask) - CRAWL_LEAD_MAX;
}

static enum crawl_verdict go_unfiltered(struct crawl *c, struct err *e)
{
    uint64_t back = 1 + c->limit / 32;
    c->unfiltered = true;
    c->step = 0;
    c->attempts = 0;
    c->ask = (struct crawl_ask){.offset = c->seen > back ? c->seen - back : 0};
    return crawl_retake(c, e);
}

static enum crawl_verdict walk_instead(struct crawl *c, struct err *e)
{
    c->stay = c->stay * 2 + 1;
    c->stay = c->stay > 127 ? 127 : c->stay;
    c->attempts = c->tunes = 0;
    crawl_go_on(c, false);
    c->walk = c->stay;
    return crawl_retake(c, e);
}

/* Returns the next greater lead to try. Where the page's first record is later than any lead could explain, nothing between is likely to show more. */
static int64_t longer_lead(const struct crawl *c, int64_t lead)
{
    if (c->page.first != WHEN_NONE && c->page.first - crawl_ask_after(&c->ask) > 2 * CRAWL_LEAD_MAX)
        return CRAWL_LEAD_MAX;
    static const int64_t hours[] = {0, 2, 8};
    for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++)
        if (hours[i] * 3600 * WHEN_SECOND > lead)
            return hours[i] * 3600 * WHEN_SECOND;
    return CRAWL_LEAD_MAX;
}

/* Asks from an anchor that is known to be before the frontier. */
static void ask_rescue(struct crawl *c)
{
    int64_t lead = c->ask.lead;
    c->must = true;
    c->attempts = 0;
    if (c->below_time != WHEN_NONE && c->below_time < c->frontier) {
        c->ask = (struct crawl_ask){.jump = true, .filtered = true, .base_time = c->below_time};
        memcpy(c->ask.base, c->below, sizeof(c->ask.base));
    } else {
        crawl_ask_time(&c->ask, c->frontier == WHEN_NONE ? 0 : c->frontier - 1, 0);
    }
    c->ask.lead = lead;
}

static enum crawl_verdict step_back(struct crawl *c, struct err *e)
{
    struct crawl_ask *ask = &c->ask;
    if (ask->offset > 0) {
        if (c->step == 0) /* behind a last page it is one record that is missing, or it goes on */
            c->step = c->behind ? 1 : 1 + crawl_window(c) / 2;
        ask->offset = ask->offset > c->step ? ask->offset - c->step : 0;
        c->step *= 2;
        c->behind = c->verify = false;
        return crawl_retake(c, e);
    }
    c->behind = c->verify = false;
    if (!ask->jump || ask->lead >= CRAWL_LEAD_MAX)
        ask_rescue(c);
    c->attempts++;
    if (c->attempts >= ATTEMPTS_MAX && c->placed && !c->must)
        return walk_instead(c, e);
    ask->lead = longer_lead(c, ask->lead);
    return crawl_retake(c, e);
}

/* Whether a jump went so far back that a whole page shows nothing new. */
static bool landed_early(const struct crawl *c)
{
    const struct crawl_facts *page = &c->page;
    if (!c->ask.jump || !c->placed || c->must)
        return false;
    if (page->n < c->asked && !crawl_capped(c, c->page.n))
        return c->learned.thinned && !page->reached && page->peak != WHEN_NONE &&
               page->peak < c->frontier;
    bool behind = page->peak != WHEN_NONE && page->peak <= c->frontier && page->first < c->frontier;
    /* Of equal times in no order a known one may well be the last. */
    return behind || (page->hits > 0 && page->news == 0 && !page->alike);
}

/* Jumps again, with less lead: the filter let through nothing at or before the page's first record, so as much lead as that shows is enough. */
static enum crawl_verdict jump_again(struct crawl *c, struct err *e)
{
    int64_t enough =
        c->page.first == WHEN_NONE ? INT64_MAX : c->page.first - crawl_ask_after(&c->ask);
    c->attempts++;
    if (++c->tunes > TUNES_MAX || enough > c->ask.lead - TUNE_LEAST)
        return walk_instead(c, e);
    c->ask.lead = enough < -CRAWL_LEAD_MAX ? -CRAWL_LEAD_MAX : enough;
    return crawl_retake(c, e);
}

/* Whether the page is the one that was kept last, though it was requested at another offset. */
static bool repeated(const struct crawl *c)
{
    const struct crawl_ask *ask = &c->ask;
    const struct crawl_ask *place = &c->place;
    bool lone = c->behind && c->page.n == 1 && c->place_n == 1;
    return c->placed && !ask->jump && ask->offset > place->offset &&
           ask->filtered == place->filtered && ask->base_time == place->base_time &&
           ask->lead == place->lead && c->page.n == c->place_n && c->page.n > 0 &&
           c->page.set_sum == c->kept_set && c->blind == 0 && (!c->page.alike || lone) &&
           (c->behind || c->single || (c->page.n > 1 && !crawl_room(c)));
}

static enum crawl_verdict cut_group(struct crawl *c, struct err *e)
{
    c->behind = false;
    crawl_stuck(c);
    return crawl_retake(c, e);
}

/* The API does heed the offset, since behind the page that was skipped to there is nothing. What lies between is not known: records of one time that
 * change their places, or records that came in before. */
static enum crawl_verdict skipped_too_far(struct crawl *c, struct err *e)
{
    c->repeats = 0;
    if (c->place_run >= c->known_count)
        return cut_group(c, e);
    c->ask = c->place;
    c->ask.jump = false;
    c->ask.offset += c->place_n;
    return step_back(c, e);
}

/* Looks further on. Records that came in before the page may have moved it by just as many places as were walked; each further look makes that less
 * likely. */
static enum crawl_verdict skip_repeated(struct crawl *c, struct err *e)
{
    if (++c->repeats < REPEATS_MAX) {
        c->ask.offset += c->page.n << c->repeats;
        return crawl_retake(c, e);
    }
    if (c->behind && c->page.n < c->asked) { /* it may well be all there is */
        crawl_unproven(c, CRAWL_UNPROVEN_OFFSET);
        c->stats.pages++;
        crawl_finish(c);
        return CRAWL_KEEP;
    }
    return crawl_ignores_offset(c, c->place.offset, c->ask.offset, e);
}

enum crawl_verdict crawl_ignores_offset(struct crawl *c, uint64_t first, uint64_t now,
                                        struct err *e)
{
    (void)err_set(e, ERR_PROTOCOL,
                  "the API ignores offset: it sends the same %" PRIu64 " records at offset %" PRIu64
                  " as at %" PRIu64 "; what comes behind them cannot be read",
                  c->page.n, now, first);
    return broken(c);
}

static enum crawl_verdict unsorted(struct crawl *c, struct err *e)
{
    (void)err_set(e, ERR_PROTOCOL,
                  "the API does not sort by time_modified: within a page the times fall by %" PRId64
                  " hours; such a list cannot be read completely while it changes",
                  c->page.fall / (3600 * WHEN_SECOND));
    return broken(c);
}

static enum crawl_verdict take_page(struct crawl *c, struct err *e)
{
    const struct crawl_look *look = &c->look_behind;
    bool looks = look->windows > 0 || look->bottom;
    crawl_facts_run(c);
    crawl_learn_count(c, looks ? look->offset : c->ask.offset, looks);
    if (c->passes.on)
        return crawl_passes_page(c);
    if (looks)
        return crawl_look_page(c, e);
    crawl_learn_behind(c);
    bool again = repeated(c);
    if (c->repeats > 0 && c->behind && c->page.n == 0)
        return skipped_too_far(c, e);
    if (!again && crawl_group_goes_on(c))
        return cut_group(c, e);
    if (again)
        return skip_repeated(c, e);
    if (filter_ignored(c))
        return go_unfiltered(c, e);
    if (landed_early(c))
        return jump_again(c, e);
    if (!continuous(c))
        return step_back(c, e);
    bool same = c->placed && c->page.n > 0 && c->page.set_sum == c->kept_set &&
                c->ask.offset > c->place.offset;
    c->sames = same ? c->sames + 1 : 0;
    if (c->sames > SAMES_MAX)
        return crawl_ignores_offset(c, c->place.offset, c->ask.offset, e);
    int64_t complete = c->complete;
    c->last = c->clock;
    crawl_keep(c);
    if (c->phase != CRAWL_KEYS || c->keys.detour || c->stats.pages > 1)
        return CRAWL_KEEP;
    c->stats.pages = 0; /* its records come by key, too */
    c->complete = complete;
    return CRAWL_RETAKE;
}

static enum crawl_verdict page_at_hand(struct crawl *c, struct err *e)
{
    if (c->page.odd == c->page.n) /* no record: nothing that proves anything */
        crawl_facts_reset(&c->page);
    const struct crawl_request *asked = &c->trial.page;
    bool all = c->phase == CRAWL_KEYS && c->keys.list == CRAWL_ALL;
    /* A record stood further on: what stands here is not shown, in whatever order. */
    if (all && c->keys.begun && c->page.n == 0 && asked->offset + asked->limit < c->trial.further)
        c->learned.thinned = true;
    if (c->phase == CRAWL_KEYS)
        return crawl_keys_page(c, e);
    if (c->page.fall > CRAWL_LEAD_MAX)
        return unsorted(c, e);
    if (c->page.timeless > 0)
        c->learned.timeless = true;
    return crawl_chase(c, take_page(c, e), e);
}

enum crawl_verdict crawl_page(struct crawl *c, const struct crawl_answer *answer, struct err *e)
{
    int64_t before = c->clock;
    c->clock = answer->date != WHEN_NONE ? answer->date : answer->now > 0 ? answer->now : WHEN_NONE;
    c->count = answer->count;
    crawl_pause(c, before);
    enum crawl_verdict verdict = CRAWL_PART;
    if (!crawl_trial_page(c, &verdict, e)) {
        crawl_trial_kept(c);
        verdict = page_at_hand(c, e);
        places_settle(c->conf.places, verdict == CRAWL_KEEP);
    }
    return verdict;
}

void crawl_stats(const struct crawl *c, struct crawl_stats *stats)
{
    const struct crawl_learned *l = &c->learned;
    *stats = c->stats;
    stats->timeless = c->timeless;
    stats->complete_to = c->complete;
    stats->filter_ignored = c->unfiltered;
    stats->lead = c->lead;
    stats->reached = c->frontier;
    if (c->frontier != WHEN_NONE && c->last != WHEN_NONE && c->frontier > c->last)
        stats->reached = c->last;
    stats->lacking = places_lacking(c->conf.places);
    stats->stepped = places_fresh(c->conf.places);
    stats->ended = c->phase == CRAWL_END;
    stats->whole = c->everything || c->sure != WHEN_NONE ||
                   (c->phase == CRAWL_KEYS && c->keys.list == CRAWL_ALL && !c->keys.detour);
    stats->counted = l->counted == CRAWL_YES;
    stats->seen = c->phase == CRAWL_KEYS && c->keys.list == CRAWL_ALL && c->keys.seen > c->seen
                      ? c->keys.seen
                      : c->seen;
    stats->thinned = l->thinned;
    stats->births_to = l->born;
    stats->unproven = l->unproven;
    if (l->timeless && (l->downs == CRAWL_NO || l->sorts == CRAWL_NO || !c->conf.keyed))
        stats->unproven |= CRAWL_UNPROVEN_BIRTHS;
}

const char *crawl_key(const struct crawl *c)
{
    return c->learned.key;
}

void crawl_learn_key(struct crawl *c, const char *name)
{
    struct crawl_learned *l = &c->learned;
    if (strcmp(l->key, name) == 0 || strlen(name) >= CRAWL_KEY_MAX)
        return;
    bool another = l->key[0] != '\0';
    memcpy(l->key, name, strlen(name) + 1);
    if (!another)
        return;
    l->sorts = l->downs = l->equals = CRAWL_UNKNOWN;
    l->top_count = 0;
    l->born = WHEN_NONE;
}

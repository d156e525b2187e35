/*
 * Pages that cannot be had. A page that keeps failing is asked for by halves, then taken apart (extract/places/step_over.h): the record
 * that fails is stepped over, and its place is remembered. Places that earlier runs remembered are stepped over at once. crawl_trial_next()
 * makes the next request of such a search; crawl_trial_page() takes its answer, crawl_failed() its failure.
 */
#include "extract/crawl/crawl_private.h"
#include <stdio.h>
#include <string.h>

#define APART_MAX  16 /* a page of at most so many places is taken apart; larger ones are halved */
#define SMALL      10 /* pages are not made smaller than this, unless that is seen to be needed */
#define FAILS      2  /* a page fails so often before it is asked for smaller */
#define FAILS_MORE 4  /* ... and so many times more where failures pass by themselves */
#define DOUBTS_MAX 3  /* questions that met bad records, before a list by key is given up */
#define VAIN_MAX   2000 /* failures that end a run: nearly all records of the list are bad */
/* Questions whether a new list by key can be had: the third is for the list by time, the fourth for that by key again. */
#define PROBE_PLAIN 3
#define PROBE_ONCE  4

static bool looks_behind(const struct crawl *c)
{
    return c->look_behind.windows > 0 || c->look_behind.bottom;
}

/* Whether the page has to begin exactly at its offset: nothing that was read before it shows where it stands. */
bool crawl_trial_pinned(const struct crawl *c)
{
    return c->trial.page.offset == 0 || looks_behind(c) || c->passes.on || c->blind > 0;
}

/* ---- what to ask ---- */

static bool has_answered(const struct crawl_trial *t)
{
    const struct crawl_request *a = &t->answered;
    return a->limit > 0 && a->sort == t->page.sort && strcmp(a->after, t->page.after) == 0 &&
           strcmp(a->equal, t->page.equal) == 0;
}

/* Whether the page is of a list by key that has not been answered yet. */
static bool is_new_form(const struct crawl *c)
{
    return c->phase == CRAWL_KEYS && c->keys.pages == 0 && !has_answered(&c->trial);
}

static unsigned probes(const struct crawl *c)
{
    return c->trial.answered.limit > 0 && !is_new_form(c) ? 2 : 3;
}

/* Asks for one record, to see whether the API answers at all. The record is one that the API gave before, since any other may be bad, too;
 * if there is none, it is one from behind the page. Of a list by key that was not answered yet, the first two questions ask whether that
 * list can be had, the third asks for a record by time, and the fourth, if the third was answered, asks for the list by key again. */
static void probe(const struct crawl *c, struct crawl_request *request)
{
    static const uint64_t further[] = {0, 0, 5, 1000, 2};
    const struct crawl_trial *t = &c->trial;
    struct crawl_request gave = {0}; /* the first of the list by time */
    bool first = t->probe == (is_new_form(c) ? PROBE_PLAIN : 1);
    if (first && (crawl_ask_known(c, &gave) || is_new_form(c)))
        *request = gave;
    else
        request->offset += request->limit + further[t->probe] + 7 * (uint64_t)t->doubts;
    request->limit = 1;
    request->looks = request->apart = request->alone = true;
    request->goes_on = false;
}

/* Asks for one record behind the page that failed. If one comes, the table does not fit into a page. */
static void ask_beyond(const struct crawl_trial *t, struct crawl_request *request)
{
    request->offset = t->beyond;
    request->limit = 1;
    request->looks = request->apart = true;
}

/* Makes the ordinary request the one that a search needs now, if there is one. Returns whether the records that come begin a new page. */
bool crawl_trial_next(struct crawl *c, struct crawl_request *request)
{
    struct crawl_trial *t = &c->trial;
    struct step_request part;
    t->page = *request;
    if (t->step.state == STEP_NONE && t->probe == 0 && t->beyond == 0)
        crawl_known_begin(c);
    if (t->probe > 0 || t->beyond > 0) {
        if (t->probe > 0)
            probe(c, request);
        else
            ask_beyond(t, request);
        t->now = *request;
        return false;
    }
    if (t->step.state != STEP_NONE) {
        step_request(&t->step, &part);
    } else {
        t->parts = false;
        request->apart = t->shrunk;
        t->now = *request;
        return true;
    }
    step_restart(&t->step);
    request->offset = part.offset;
    request->limit = part.limit;
    request->looks = part.looks;
    request->goes_on = part.goes_on;
    request->alone = part.alone;
    /* The records before the one that fails may be malformed, too; they were read as parts of their page. */
    request->apart = t->step.state != STEP_BEFORE && t->step.state != STEP_STILL;
    request->gap = part.goes_on ? t->step.gap : 0;
    t->now = *request;
    return !part.looks && !part.goes_on;
}

bool crawl_trial_looks(const struct crawl *c)
{
    return c->trial.now.looks;
}

/* Notes a record of an answer, after it was added to the page. */
void crawl_trial_record(struct crawl *c, const struct crawl_seen *seen)
{
    struct crawl_trial *t = &c->trial;
    if (t->beyond > 0 && t->probe == 0 && t->further++ == 0)
        t->shown = seen->keyed ? seen->key : WHEN_NONE;
    if (t->step.state == STEP_NONE || t->probe > 0 || t->beyond > 0)
        return;
    const struct crawl_entry *last = c->page.count > 0 ? &c->page.entries[c->page.count - 1] : NULL;
    if (t->now.goes_on && t->step.answer.n == 0 && last != NULL)
        crawl_side(last, &t->after);
    if (t->step.state == STEP_BEFORE && last != NULL)
        crawl_side(last, &t->before);
    step_record(&t->step, crawl_version_id(seen));
}

/* Asks for pages of the size before the search again. The next failure brings the size back to `worked`. */
void crawl_restore_size(struct crawl *c, unsigned worked)
{
    struct crawl_trial *t = &c->trial;
    if (!t->shrunk)
        return;
    t->shrunk = false;
    t->fails = 0;
    t->fallback = worked > SMALL ? worked : t->whole < SMALL ? t->whole : SMALL;
    t->grown = t->stepped = t->whole > t->fallback;
    c->limit = t->whole;
}

static void move_page(struct crawl *c, uint64_t offset)
{
    if (offset == c->trial.page.offset)
        return;
    if (c->phase == CRAWL_KEYS && c->keys.contrast > 0) {
        c->keys.contrast = offset + 1;
    } else if (c->phase == CRAWL_KEYS) {
        c->keys.offset = offset;
        c->keys.behind = false;
    } else {
        c->ask.offset = offset;
        c->behind = c->verify = false;
    }
}

/* The search is over: its parts together are the page. Remembers the places that were stepped over, and fails if that cannot be done. */
static enum err_code take(struct crawl *c, struct err *e)
{
    struct crawl_trial *t = &c->trial;
    t->parts = true;
    t->fails = 0; /* their cause was stepped over */
    c->clock = t->began;
    move_page(c, t->step.offset);
    if (!crawl_known_remember(c, true))
        return err_set(e, ERR_UNAVAILABLE,
                       "the API fails for more than %u records of the table, or there is no memory "
                       "to remember another one: it is not passed by",
                       PLACES_MAX);
    unsigned worked = t->step.low > t->step.behind ? t->step.low : t->step.behind;
    crawl_restore_size(c, worked);
    bool ends = t->step.after.n < (t->step.gap > 0 ? t->step.behind : 1) &&
                !crawl_capped(c, t->step.after.n);
    c->asked = (unsigned)c->page.n + (ends ? 1 : 0);
    c->count = -1;
    c->drift = 0; /* the next page begins behind the place, however short this page is */
    return OK;
}

/* The search found no place: the page is asked for as usual again, and smaller if its size was seen to be the cause. */
static void go_plain(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    unsigned size = t->step.size;
    t->rounds = t->step.rounds;
    t->passed = t->step.passed > t->passed ? t->step.passed : t->passed;
    t->guessed = t->step.guess;
    if (t->known > 0 && !t->guessed)
        c->conf.places->at[t->known - 1].lost = true;
    if (t->step.mended || size >= t->page.limit)
        return;
    c->limit = size; /* larger pages cannot be had */
    t->whole = size;
    t->shrunk = t->grown = false;
    t->fails = 0;
    crawl_grow_less(c);
}

static void note_answered(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    uint64_t n = t->step.state == STEP_NONE ? c->page.n : t->step.answer.n;
    if (n > 0)
        t->answered = t->now;
}

/* The list by key failed again after another list was answered. Returns true if it is given up; where bad records were met, some later. */
static bool form_fails(struct crawl *c)
{
    bool dense = c->conf.places != NULL && places_fresh(c->conf.places) > 0;
    return (!dense || ++c->trial.doubts > DOUBTS_MAX) && crawl_refused(c, false);
}

/* The question that follows one that was answered; 0: none. */
static unsigned after_probe(const struct crawl *c, unsigned probe)
{
    return is_new_form(c) && probe == PROBE_PLAIN ? PROBE_ONCE : 0;
}

/* A record behind the page was asked for. If it came, the table is read by key from now on. */
static enum crawl_verdict beyond_answered(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    t->beyond = 0;
    if (t->further == 0 || c->clock == WHEN_NONE)
        return CRAWL_PART;
    t->answered = t->now;
    t->step.state = STEP_NONE;
    t->fails = 0;
    t->halved = true; /* a page of the list by key has to fail only once */
    crawl_all_begin(c, false, 0);
    c->keys.must = t->shown;
    t->further = t->now.offset + 1; /* so many positions there are, at least */
    return CRAWL_RETAKE;
}

/* Takes an answer. Returns false if it is an ordinary page, or completes one; else *verdict says what comes next. */
bool crawl_trial_page(struct crawl *c, enum crawl_verdict *verdict, struct err *e)
{
    struct crawl_trial *t = &c->trial;
    *verdict = CRAWL_PART;
    if (t->again > 0) {
        *verdict = crawl_again_page(c) ? CRAWL_KEEP : CRAWL_RETAKE;
        return true;
    }
    t->bytes = 0;
    if (t->probe > 0) {
        t->probe = after_probe(c, t->probe);
        return true;
    }
    if (t->beyond > 0) {
        *verdict = beyond_answered(c);
        return true;
    }
    note_answered(c);
    if (t->step.state == STEP_NONE)
        return false;
    if (t->step.state == STEP_BEFORE || (t->step.state == STEP_BEHIND && t->step.low == 0))
        t->began = c->clock;
    switch (step_answered(&t->step)) {
    case STEP_ON:
    case STEP_SAME:
        if (t->step.state == STEP_BEHIND)
            crawl_trial_gap(c);
        return true;
    case STEP_PLAIN:
        go_plain(c);
        *verdict = CRAWL_RETAKE;
        return true;
    case STEP_LOST:
        *verdict = crawl_steps_end(c, e);
        return true;
    case STEP_TAKEN:
        break;
    }
    if (crawl_goes_round(c)) {
        *verdict = crawl_go_past(c) ? crawl_retake(c, e) : crawl_steps_end(c, e);
        return true;
    }
    if (!c->passes.on && !t->forced && crawl_may_lack(c) && !crawl_take_unproven(c)) {
        *verdict = crawl_prove_otherwise(c, e);
        return true;
    }
    if (take(c, e) == OK)
        return false;
    *verdict = CRAWL_BROKEN;
    return true;
}

/* ---- failures ---- */

static enum crawl_after_failure begin_step(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    if (!t->shrunk) {
        t->shrunk = true;
        t->whole = c->limit;
    }
    t->known = 0;
    t->before = t->after = (struct place_side){.there = false};
    memset(t->gaps, 0, sizeof t->gaps);
    (void)step_begin(&t->step, t->page.offset, t->page.limit, crawl_trial_pinned(c), t->rounds);
    t->step.forced = t->forced || c->passes.on;
    t->step.fine = t->turns > 1;
    t->step.passed = t->passed;
    t->step.expected = t->passed == 0 && crawl_known_elsewhere(c);
    return CRAWL_OTHER;
}

static bool begin_hinted(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    struct step_known known;
    if (t->fails > 1 || t->shrunk || looks_behind(c) || c->passes.on || !crawl_hint(c, &known))
        return false;
    t->known = 0;
    t->before = t->after = (struct place_side){.there = false};
    memset(t->gaps, 0, sizeof t->gaps);
    step_begin_known(&t->step, t->page.offset, t->page.limit, crawl_trial_pinned(c), &known);
    t->step.fine = t->turns > 1;
    t->step.expected = true;
    return true;
}

/* An ordinary page failed: it is asked for again, by halves, then taken apart; where a bad record is expected on it, at once. */
static enum crawl_after_failure page_failed(struct crawl *c, const struct crawl_failure *f)
{
    struct crawl_trial *t = &c->trial;
    t->fails++;
    t->calm = 0;
    unsigned enough = FAILS + (t->passed < 2 * FAILS_MORE ? t->passed / 2 : FAILS_MORE);
    if (t->grown && t->fallback < c->limit) {
        c->limit = t->fallback;
        t->fails = 0;
        if (!t->stepped)
            crawl_grow_less(c);
        t->grown = t->stepped = false;
        return CRAWL_OTHER;
    }
    bool expected = t->passed == 0 && crawl_known_elsewhere(c);
    if (expected && (crawl_known_again(c) || begin_hinted(c)))
        return CRAWL_OTHER;
    if (!f->too_large && !t->shrunk && t->fails < enough && !expected)
        return CRAWL_AGAIN;
    if (t->page.limit <= APART_MAX && t->fails < enough && !(t->halved && t->passed == 0) &&
        !expected)
        return CRAWL_OTHER; /* a failure that passes by itself is not a record's */
    bool once = t->shrunk ? t->halved && t->page.limit == t->whole / 2 : t->page.limit <= APART_MAX;
    if (once && crawl_is_for_keys(c)) {
        t->beyond = t->shrunk ? t->whole : t->page.limit;
        t->further = 0;
    }
    if (t->page.limit <= APART_MAX)
        return begin_step(c);
    t->fails = 0;
    t->halved = true;
    c->good = 0;
    if (!t->shrunk) {
        t->shrunk = true;
        t->whole = c->limit;
    }
    c->limit = c->limit / 2;
    return CRAWL_OTHER;
}

static void note_gap(struct crawl_trial *t, unsigned at, const struct crawl_failure *f)
{
    struct step_gap *gap = &t->gaps[at];
    (void)snprintf(t->why, sizeof t->why, "%s", f->why);
    const struct crawl_seen *seen = f->seen;
    *gap = (struct step_gap){.seen = false};
    if (seen != NULL)
        *gap = (struct step_gap){
            .seen = true, .identity = seen->identity, .key = seen->key, .keyed = seen->keyed};
    if (seen != NULL && seen->time != NULL && seen->time_len < sizeof gap->time)
        memcpy(gap->time, seen->time, seen->time_len);
}

static enum crawl_after_failure step_has_failed(struct crawl *c, const struct crawl_failure *f)
{
    struct crawl_trial *t = &c->trial;
    enum step_state state = t->step.state;
    unsigned gap = t->step.gap;
    bool checks = state == STEP_ALONE && t->step.sure && t->known > 0;
    bool aside = state == STEP_AGAIN && (!t->step.known || t->step.hint) && f->seen != NULL;
    if (checks && c->conf.places != NULL)
        places_tried(c->conf.places, &c->conf.places->at[t->known - 1], f->now, f->why);
    bool first = state == STEP_SEARCH && t->now.limit == 1;
    if (state == STEP_ALONE && t->step.tries > 0)
        t->step.unlike |= strncmp(t->why, f->why, sizeof t->why - 1) != 0;
    if ((state == STEP_ALONE || first) && t->step.gap < STEP_GAP_MAX)
        note_gap(t, t->step.gap, f);
    t->step.shown = aside;
    if (state == STEP_AGAIN) {
        t->step.aside = (t->step.at > 0 ? t->step.aside : 0) + (aside ? 1 : 0);
        if (t->step.at < STEP_GAP_MAX)
            note_gap(t, t->step.at, f);
    }
    switch (step_failed(&t->step)) {
    case STEP_SAME:
        return CRAWL_AGAIN;
    case STEP_PLAIN:
        go_plain(c);
        return CRAWL_OTHER;
    case STEP_LOST:
        return crawl_steps_lost(c) ? CRAWL_OTHER : CRAWL_GIVE_UP;
    case STEP_ON:
    case STEP_TAKEN:
        break;
    }
    if (state == STEP_BEFORE && t->step.gap == gap + 1) { /* the gap begins one record earlier */
        memmove(t->gaps + 1, t->gaps,
                (gap < STEP_GAP_MAX ? gap : STEP_GAP_MAX - 1) * sizeof *t->gaps);
        t->gaps[0].seen = false;
    }
    if (t->step.state == STEP_BEHIND)
        crawl_trial_gap(c);
    return aside ? CRAWL_SET_ASIDE : CRAWL_OTHER;
}

/* A record whose bytes came twice, and tell its key, shows that the API is there. The same bytes at two offsets show nothing: the list may
 * move, or ignore the offset. Returns true if the same question is to be asked once more for that. */
static bool hear(struct crawl_trial *t, const struct crawl_failure *f)
{
    uint64_t bytes = f->seen != NULL && f->seen->keyed ? f->sum : 0;
    bool again = bytes != 0 && bytes == t->bytes;
    t->same = again && t->now.offset != t->met ? bytes : t->same;
    t->heard = again && bytes != t->same;
    t->bytes = bytes;
    t->met = t->now.offset;
    t->twice = t->probe > 0 && bytes != 0 && !t->heard && !t->twice && f->left > 0;
    return t->twice;
}

bool crawl_heard(const struct crawl *c)
{
    return c->trial.heard;
}

/* The check of a known place goes on; or the next question is asked whether the API is there; or the page, or its search, has failed. */
enum crawl_after_failure crawl_failed(struct crawl *c, const struct crawl_failure *f)
{
    struct crawl_trial *t = &c->trial;
    unsigned was = t->probe;
    bool beyond = t->beyond > 0 && was == 0;
    bool twice = hear(t, f);
    t->probe = 0;
    if (t->again > 0)
        return crawl_again_failed(c, f);
    if (!t->now.looks && !t->now.goes_on)
        crawl_facts_reset(&c->page);
    if (was > 0 && (t->heard || twice)) {
        t->probe = twice ? was : after_probe(c, was);
        return CRAWL_OTHER;
    }
    if (is_new_form(c) && f->left <= 1 && f->left > 0 && crawl_refused(c, false))
        return CRAWL_OTHER_WAY;
    if (was == PROBE_ONCE)
        return form_fails(c) ? CRAWL_OTHER_WAY : CRAWL_AGAIN;
    t->vain += t->step.state != STEP_AGAIN;
    if (f->left == 0 || t->vain > VAIN_MAX) {
        t->step.wide = f->left > 0 && t->step.state != STEP_NONE && t->step.gap > 0;
        (void)(t->step.wide && crawl_steps_lost(c)); /* the API is there */
        return CRAWL_GIVE_UP;
    }
    if (was > 0 && was < probes(c)) {
        t->probe = was + 1;
        return CRAWL_OTHER;
    }
    if (was > 0)
        return is_new_form(c) ? CRAWL_AGAIN : CRAWL_GIVE_UP;
    enum crawl_after_failure after = CRAWL_OTHER;
    if (beyond)
        t->beyond = 0;
    else
        after = t->step.state == STEP_NONE ? page_failed(c, f) : step_has_failed(c, f);
    bool answers = t->step.state != STEP_NONE && step_failures_left(&t->step) < f->left;
    unsigned last = probes(c) + is_new_form(c); /* the last try is made in another form */
    if (f->left <= last && !answers && !t->heard && after != CRAWL_GIVE_UP)
        t->probe = 1;
    return after;
}

bool crawl_trial_refused(struct crawl *c)
{
    struct crawl_trial *t = &c->trial;
    bool again = t->again > 0;
    t->probe = t->fails = 0;
    t->beyond = 0;
    t->step.state = STEP_NONE;
    if (again)
        (void)crawl_again_failed(c, &(struct crawl_failure){.now = c->conf.now, .why = ""});
    return again;
}

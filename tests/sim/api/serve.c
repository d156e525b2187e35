#include "tests/sim/api/serve.h"

#include "tests/sim/api/page.h"
#include "tests/sim/base/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for gzip's wrapper */

/* A request on its way to its answer. */
struct serving {
    struct world *w;
    const struct request *request;
    struct reply *reply;
    struct world_table *t;
    struct rng rng;
    struct query query;
    enum fault fault;
    const struct spoil *spoil; /* a record on the page because of which it cannot be had */
    struct reqlog_entry entry;
};

void reply_init(struct reply *reply)
{
    *reply = (struct reply){.status = 200, .type = "application/json; charset=utf-8"};
    buf_init(&reply->body, PAGE_MAX);
}

void reply_free(struct reply *reply)
{
    buf_free(&reply->body);
}

static enum err_code say_error(struct serving *s, unsigned status, const char *message)
{
    s->reply->status = status;
    s->entry.records = 0;
    buf_reset(&s->reply->body);
    return page_error(status, message, &s->reply->body);
}

static void set_date(struct serving *s)
{
    const struct mood *m = s->t != NULL ? &s->t->mood : &s->w->common;
    if (m->date)
        stamp_http(world_now(s->w) + m->date_skew * WHEN_SECOND, s->reply->date);
}

static enum err_code turn_away(struct serving *s)
{
    const struct mood *m = &s->w->common;
    int64_t after = m->throttle_retry_after;
    if (after == RETRY_AFTER_TRUE)
        after = (world_throttle_left(s->w) + WHEN_SECOND - 1) / WHEN_SECOND;
    if (after >= 0 && m->throttle_retry_date)
        stamp_http(world_now(s->w) + after * WHEN_SECOND, s->reply->retry_after);
    else if (after >= 0)
        (void)snprintf(s->reply->retry_after, sizeof s->reply->retry_after, "%lld",
                       (long long)after);
    s->entry.throttled = true;
    return say_error(s, (unsigned)m->throttle_status, "Too many requests for this key");
}

/* What people do meanwhile. */
static enum err_code change_list(struct serving *s, struct err *e)
{
    const struct mood *m = &s->t->mood;
    const struct {
        enum change_kind kind;
        int64_t n;
    } changes[] = {
        {CHANGE_EDIT, m->edits_per_request},     {CHANGE_INSERT, m->inserts_per_request},
        {CHANGE_DELETE, m->deletes_per_request}, {CHANGE_MARK, m->marks_per_request},
        {CHANGE_TIE, m->ties_per_request},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct change change = {.kind = changes[i].kind,
                                .n = (size_t)changes[i].n,
                                .now = world_now(s->w),
                                .ahead = m->edit_ahead * WHEN_SECOND,
                                .timeless = m->born_timeless != 0,
                                .seed = rng_next(&s->rng)};
        size_t changed;
        enum err_code rc;
        if (change.n > 0 && (rc = table_change(s->t->table, &change, &changed, e)) != OK)
            return rc;
    }
    return OK;
}

static void choose_fault(struct serving *s)
{
    const struct mood *m = &s->t->mood;
    s->fault = mood_fault(m, &s->rng);
    if (m->faults_max >= 0 && s->t->faults >= m->faults_max)
        s->fault = FAULT_NONE;
    if (m->limit_slow_above > 0 && s->query.limit > m->limit_slow_above)
        s->fault = FAULT_HANG;
    s->t->faults += s->fault != FAULT_NONE;
}

static void find_spoil(struct serving *s, const struct page *page)
{
    for (size_t i = 0; i < page->n && s->spoil == NULL; i++) {
        const struct rec *rec = table_at(page->table, page->positions[i]);
        const struct spoil *spoil = spoils_find(page->spoils, rec->id);
        if (spoil != NULL && !spoil_is_text(spoil))
            s->spoil = spoil;
    }
}

static enum err_code bend_key_filter(struct serving *s, struct err *e)
{
    struct query *q = &s->query;
    if (q->n_filters != 1 || q->filters[0].on != FILTER_KEY)
        return OK;
    switch ((enum key_filter)s->t->mood.key_filter) {
    case KEY_WORKS:
        break;
    case KEY_REFUSED:
        return err_set(e, ERR_USAGE, "filter on %s: not allowed", q->filters[0].member);
    case KEY_EMPTY:
        q->filters[0].number = -1;
        break;
    case KEY_OTHER:
        q->limit = 1;
        q->n_filters = 0;
        break;
    case KEY_IGNORED:
        q->n_filters = 0;
        break;
    }
    return OK;
}

static enum err_code read_query(struct serving *s, struct err *e)
{
    const struct mood *m = &s->t->mood;
    struct query_reading reading = {
        .utc = s->w->utc,
        .limit_cap = m->limit_cap > 0 ? (unsigned)m->limit_cap : s->w->conf->limit_cap,
        .skew = m->skew_seconds * WHEN_SECOND,
        .paris = m->filter_paris != 0,
        .ways = world_ways(s->t),
    };
    enum err_code rc = query_parse(&s->query, &s->request->args, s->t->table, &reading, e);
    if (rc != OK)
        return rc;
    if ((rc = bend_key_filter(s, e)) != OK)
        return rc;
    if (m->ignore_filter)
        s->query.n_filters = 0;
    if (m->ignore_offset)
        s->query.offset = 0;
    if (m->same_page_forever && !s->t->saved)
        s->t->first = s->query;
    s->t->saved = m->same_page_forever;
    if (s->t->saved)
        s->query = s->t->first;
    return OK;
}

static enum err_code write_page(struct serving *s, struct err *e)
{
    size_t *positions = calloc(s->query.limit + 1u, sizeof *positions);
    if (positions == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a page");
    struct body_conf body = s->w->conf->body;
    body.key_text = s->t->mood.key_text != 0;
    body.deleted_is = (unsigned)s->t->mood.deleted_is;
    struct page page = {.table = s->t->table,
                        .body = &body,
                        .kept = s->w->kept,
                        .positions = positions,
                        .mood = &s->t->mood,
                        .spoils = &s->t->spoils,
                        .fault = s->fault,
                        .pretty = s->w->conf->pretty};
    enum err_code rc =
        query_run(&s->query, s->t->table, page.body, positions, &page.n, &page.total, e);
    if (rc == OK && (rc = page_write(&page, &s->rng, &s->reply->body)) != OK)
        rc = buf_err(e, rc, &s->reply->body, "a page");
    s->entry.records = s->fault == FAULT_NOTARRAY ? 0 : page.n;
    s->entry.total = page.total;
    if (rc == OK)
        find_spoil(s, &page);
    free(positions);
    return rc;
}

/* Faults that the page's text does not show, or that take its place. */
static enum err_code apply_fault(struct serving *s)
{
    struct reply *reply = s->reply;
    const struct mood *m = &s->t->mood;
    switch (s->fault) {
    case FAULT_500:
        return say_error(s, 500, "Internal server error");
    case FAULT_404:
        return say_error(s, 404, "Not found");
    case FAULT_ERROR_OBJECT:
        (void)say_error(s, 500, "Database is busy");
        reply->status = 200;
        return OK;
    case FAULT_HTML:
        reply->status = rng_chance(&s->rng, 1, 2) ? 200 : 502;
        reply->type = "text/html; charset=utf-8";
        s->entry.records = 0;
        buf_reset(&reply->body);
        return page_html(reply->status, &reply->body);
    case FAULT_REDIRECT:
        (void)snprintf(reply->location, sizeof reply->location,
                       "http://localhost:%u/_sim/elsewhere", s->w->port);
        return say_error(s, 302, "Moved");
    case FAULT_CUT:
        reply->delivery = DELIVER_CUT;
        break;
    case FAULT_RESET:
        reply->delivery = DELIVER_RESET;
        break;
    case FAULT_STALL:
        reply->delivery = DELIVER_STALL;
        reply->stall_ms = m->hang_seconds * 1000;
        break;
    case FAULT_HANG:
        reply->wait_ms += m->hang_seconds * 1000;
        break;
    default:
        break;
    }
    return OK;
}

static enum err_code fail_as(struct serving *s, enum fail_how how)
{
    static const unsigned statuses[] = {
        [FAIL_500] = 500, [FAIL_502] = 502, [FAIL_504] = 504, [FAIL_413] = 413};
    switch (how) {
    case FAIL_CUT:
        s->reply->delivery = DELIVER_CUT;
        return OK;
    case FAIL_HANG:
        s->reply->wait_ms += s->t->mood.hang_seconds * 1000;
        return OK;
    case FAIL_RESET:
        s->reply->delivery = DELIVER_RESET;
        return OK;
    default:
        return say_error(s, statuses[how], "This page cannot be made");
    }
}

/* What fails each time: a page too large, or with such a record on it. */
static enum err_code apply_lasting(struct serving *s)
{
    const struct mood *m = &s->t->mood;
    if (m->limit_fail_above > 0 && s->query.limit > m->limit_fail_above)
        return fail_as(s, (enum fail_how)m->limit_fail_how);
    if (s->spoil == NULL)
        return OK;
    if (s->spoil->how == SPOIL_STATUS)
        return say_error(s, s->spoil->status, "This record cannot be shown");
    return fail_as(s, s->spoil->how == SPOIL_CUT ? FAIL_CUT : FAIL_HANG);
}

static enum err_code refuse_table(struct serving *s, struct err *e)
{
    const struct mood *m = &s->t->mood;
    s->reply->status = (unsigned)m->refuse_status;
    set_date(s);
    enum err_code rc =
        page_refusal(s->reply->status, (enum words_are)m->refuse_words, &s->reply->body);
    return rc == OK ? OK : buf_err(e, rc, &s->reply->body, "a refusal");
}

static enum err_code answer(struct serving *s, struct err *e)
{
    enum err_code rc;
    const struct mood *m = &s->t->mood;
    s->rng = rng_seed(table_seed(s->t->table), ++s->t->requests, 4);
    s->reply->wait_ms = m->latency_ms;
    if (!m->edits_after && (rc = change_list(s, e)) != OK)
        return rc;
    set_date(s);
    if ((rc = read_query(s, e)) != OK)
        return rc == ERR_USAGE && e != NULL ? say_error(s, 400, e->msg) : rc;
    choose_fault(s);
    if ((rc = write_page(s, e)) != OK)
        return rc;
    if (m->edits_after && (rc = change_list(s, e)) != OK)
        return rc;
    if ((rc = apply_fault(s)) != OK || (rc = apply_lasting(s)) != OK)
        return buf_err(e, rc, &s->reply->body, "an answer");
    s->entry.fault = fault_name(s->fault);
    return OK;
}

static enum err_code route(struct serving *s, struct err *e)
{
    if (s->request->key == NULL || strcmp(s->request->key, s->w->key) != 0)
        return say_error(s, 401, "Invalid API key");
    world_tick(s->w);
    if (world_throttled(s->w))
        return turn_away(s);
    s->t = world_table(s->w, s->request->table);
    if (s->t == NULL)
        return say_error(s, 404, "Unknown resource");
    return s->t->mood.refuse_status != 0 ? refuse_table(s, e) : answer(s, e);
}

static void record(struct serving *s)
{
    struct reqlog_entry *entry = &s->entry;
    const struct args *args = &s->request->args;
    entry->table = s->request->table;
    entry->limit = entry->offset = -1;
    (void)!args_count(args, "limit", INT64_MAX, &entry->limit, NULL);
    (void)!args_count(args, "offset", INT64_MAX, &entry->offset, NULL);
    entry->filters = args_get(args, "filters");
    entry->sort = args_get(args, "sort");
    entry->status = s->reply->delivery == DELIVER_RESET ? 0 : s->reply->status;
    entry->keyed = s->request->key != NULL;
    entry->connection = s->request->connection;
    reqlog_add(s->w->log, entry);
}

static enum err_code zip(struct reply *reply, struct err *e)
{
    struct buf out;
    buf_init(&out, PAGE_MAX);
    z_stream z = {.next_in = (Bytef *)reply->body.data, .avail_in = (uInt)reply->body.len};
    if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_set(e, ERR_NOMEM, "no memory to compress with");
    size_t bound = deflateBound(&z, reply->body.len);
    enum err_code rc = buf_reserve(&out, bound);
    if (rc == OK) {
        z.next_out = (Bytef *)out.data;
        z.avail_out = (uInt)bound;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
            rc = err_set(e, ERR_INTERNAL, "zlib did not finish");
    }
    if (rc == OK) {
        buf_grown(&out, z.total_out);
        buf_free(&reply->body);
        reply->body = out;
        reply->zipped = true;
    } else {
        buf_free(&out);
    }
    (void)deflateEnd(&z);
    return rc;
}

enum err_code serve(struct world *w, const struct request *request, struct reply *reply,
                    struct err *e)
{
    struct serving s = {.w = w, .request = request, .reply = reply, .entry = {.fault = ""}};
    pthread_mutex_lock(&w->lock);
    enum err_code rc = route(&s, e);
    bool gzip = request->gzip && (s.t == NULL || s.t->mood.gzip);
    if (s.t == NULL)
        set_date(&s);
    if (rc == OK)
        record(&s);
    pthread_mutex_unlock(&w->lock);
    if (rc == OK && gzip && reply->body.len > 0)
        rc = zip(reply, e);
    return rc;
}

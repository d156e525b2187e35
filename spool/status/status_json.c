#include "spool/status/status_json.h"

#include "shared/time/when.h"
#include "spool/status/run_json.h"
#include <inttypes.h>
#include <string.h>

#define SECONDS(us) ((double)(us) / (double)WHEN_SECOND)

static enum err_code add_text(struct buf *b, const char *name, const char *value)
{
    enum err_code rc = buf_addf(b, "\"%s\":", name);
    return rc == OK ? buf_add_json(b, value, strlen(value)) : rc;
}

static enum err_code add_time(struct buf *b, const char *name, int64_t t)
{
    char text[WHEN_TEXT];
    return t == WHEN_NONE ? buf_addf(b, "\"%s\":null", name)
                          : buf_addf(b, "\"%s\":\"%s\"", name, when_iso(t, text));
}

/* ---- runs ---- */

static enum err_code add_runs(struct buf *b, const char *name, const struct run_history *r,
                              enum run_history_side side)
{
    enum err_code rc = buf_addf(b, ",\"%s\":[", name);
    size_t first = r->count > STATUS_RUNS ? r->count - STATUS_RUNS : 0;
    for (size_t i = first; i < r->count && rc == OK; i++) {
        if (i > first)
            rc = buf_addc(b, ',');
        if (rc == OK)
            rc = run_json(b, &r->entries[i], side, false);
    }
    return rc == OK ? buf_addc(b, ']') : rc;
}

/* ---- tables ---- */

static enum err_code add_reasons(struct buf *b, const struct status_table *t)
{
    enum err_code rc =
        buf_addf(b, ",\"set_aside\":{\"total\":%" PRId64 ",\"reasons\":[", t->set_aside);
    for (size_t i = 0; i < t->reasons_count && rc == OK; i++) {
        const struct status_reason *r = &t->reasons[i];
        if ((rc = buf_addf(b, "%s{\"by\":\"%s\",", i > 0 ? "," : "",
                           r->side == DEAD_LOAD ? "load" : "extract")) != OK ||
            (rc = add_text(b, "reason", r->reason)) != OK || (rc = buf_addc(b, ',')) != OK ||
            (rc = add_text(b, "sqlstate", r->sqlstate)) != OK)
            return rc;
        rc = buf_addf(b, ",\"records\":%" PRId64 "}", r->count);
    }
    return rc == OK ? buf_adds(b, "]}") : rc;
}

static enum err_code add_backfill(struct buf *b, const struct status_table *t)
{
    const struct backfill_state *f = &t->filled;
    enum err_code rc;
    if (!t->backfill)
        return buf_adds(b, ",\"backfill\":null");
    if ((rc = buf_adds(b, ",\"backfill\":{")) != OK ||
        (rc = add_time(b, "since", f->since)) != OK || (rc = buf_addc(b, ',')) != OK ||
        (rc = add_time(b, "began", f->began)) != OK)
        return rc;
    return buf_addf(b,
                    ",\"runs\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"pages\":%" PRIu64
                    ",\"records\":%" PRIu64 ",\"of\":%" PRIu64 "}",
                    f->runs, f->requests, f->pages, f->records, f->of);
}

static enum err_code add_table(struct buf *b, const struct status_table *t)
{
    double ratio = status_requests_per_change(t);
    enum err_code rc;
    if ((rc = buf_addc(b, '{')) != OK || (rc = add_text(b, "table", t->name)) != OK ||
        (rc = buf_addc(b, ',')) != OK || (rc = add_time(b, "fetched", t->fetched)) != OK ||
        (rc = buf_addc(b, ',')) != OK || (rc = add_time(b, "complete_to", t->complete_to)) != OK ||
        (rc = buf_addc(b, ',')) != OK || (rc = add_time(b, "loaded_to", t->loaded_to)) != OK ||
        (rc = buf_addf(b,
                       ",\"waiting\":{\"pages\":%" PRId64 ",\"records\":%" PRId64
                       ",\"bytes\":%" PRId64 ",",
                       t->pages, t->records, t->bytes)) != OK ||
        (rc = add_time(b, "since", t->since)) != OK || (rc = buf_addc(b, '}')) != OK ||
        (rc = add_reasons(b, t)) != OK ||
        (rc = buf_addf(b, ",\"unreadable\":{\"records\":%" PRIu64 ",", t->unreadable)) != OK ||
        (rc = add_time(b, "since", t->unreadable_since)) != OK ||
        (rc = buf_addf(b, "},\"damaged\":%" PRIu64, t->damaged + t->loaded_unknown)) != OK)
        return rc;
    if ((rc = buf_addf(b, ",\"holes\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"listed\":%s,", t->holes,
                       t->gaps, t->unlisted ? "false" : "true")) != OK ||
        (rc = add_time(b, "unchecked", t->unchecked)) != OK || (rc = buf_addc(b, ',')) != OK ||
        (rc = add_time(b, "checked", t->checked)) != OK ||
        (rc = buf_addf(b, ",\"check_late\":%s", t->check_late ? "true" : "false")) != OK ||
        (rc = buf_addf(b, ",\"held_deletions\":%" PRIu64, t->held)) != OK)
        return rc;
    if ((rc = add_backfill(b, t)) != OK)
        return rc;
    rc = ratio < 0 ? buf_adds(b, ",\"requests_per_change\":null")
                   : buf_addf(b, ",\"requests_per_change\":%.6g", ratio);
    if (rc != OK || (rc = add_runs(b, "extract", &t->extract, RUN_HISTORY_EXTRACT)) != OK ||
        (rc = add_runs(b, "load", &t->load, RUN_HISTORY_LOAD)) != OK)
        return rc;
    return buf_addc(b, '}');
}

static enum err_code add_tables(struct buf *b, const struct status *s)
{
    enum err_code rc = buf_adds(b, ",\"tables\":[");
    for (size_t i = 0; i < s->count && rc == OK; i++) {
        if (i > 0)
            rc = buf_addc(b, ',');
        if (rc == OK)
            rc = add_table(b, s->tables[i]);
    }
    return rc == OK ? buf_addc(b, ']') : rc;
}

/* ---- the whole ---- */

static enum err_code add_health(struct buf *b, const struct health *h)
{
    enum err_code rc =
        buf_addf(b, ",\"health\":{\"ok\":%s,\"reasons\":[", h->total == 0 ? "true" : "false");
    for (size_t i = 0; i < h->count && rc == OK; i++) {
        const struct health_reason *r = &h->reasons[i];
        if ((rc = buf_addf(b, "%s{\"code\":\"%s\",", i > 0 ? "," : "", health_word(r->code))) !=
                OK ||
            (rc = add_text(b, "table", r->table)) != OK || (rc = buf_addc(b, ',')) != OK ||
            (rc = add_text(b, "error", r->text != NULL ? r->text : r->error)) != OK ||
            (rc = buf_addc(b, ',')) != OK || (rc = add_time(b, "time", r->time)) != OK)
            return rc;
        if (r->code == HEALTH_HELD)
            rc = buf_addf(b, ",\"records\":%" PRIu64, r->count);
        if (rc == OK)
            rc = buf_addc(b, '}');
    }
    return rc == OK ? buf_adds(b, "]}") : rc;
}

static enum err_code add_spool(struct buf *b, const struct status *s)
{
    int64_t bytes = 0;
    int64_t since = WHEN_NONE;
    enum err_code rc;
    for (size_t i = 0; i < s->count; i++) {
        const struct status_table *t = s->tables[i];
        bytes += t->bytes;
        if (t->since != WHEN_NONE && (since == WHEN_NONE || t->since < since))
            since = t->since;
    }
    if ((rc = buf_addf(b,
                       ",\"spool\":{\"bytes\":%" PRId64 ",\"disk_free\":%" PRId64
                       ",\"waiting_bytes\":%" PRId64 ",",
                       s->bytes, s->disk_free, bytes)) != OK ||
        (rc = add_time(b, "waiting_since", since)) != OK)
        return rc;
    if ((rc = buf_addf(b, ",\"damaged\":%" PRIu64 "},\"breaker\":{\"state\":\"%s\",", s->damaged,
                       s->breaker_until == WHEN_NONE ? "closed" : "open")) != OK ||
        (rc = add_time(b, "until", s->breaker_until)) != OK)
        return rc;
    return buf_addc(b, '}');
}

static enum err_code add_databases(struct buf *b, const struct status *s)
{
    enum err_code rc = buf_adds(b, ",\"databases\":[");
    for (size_t i = 0; i < s->databases.count && rc == OK; i++) {
        const struct loaded_entry *d = &s->databases.entries[i];
        if ((rc = buf_adds(b, i > 0 ? ",{" : "{")) != OK ||
            (rc = add_text(b, "name", d->name)) != OK || (rc = buf_addc(b, ',')) != OK ||
            (rc = add_time(b, "asked", d->at)) != OK || (rc = buf_addc(b, ',')) != OK ||
            (rc = add_time(b, "lacks_since", d->lacks)) != OK)
            return rc;
        rc = buf_addc(b, '}');
    }
    return rc == OK ? buf_addc(b, ']') : rc;
}

enum err_code status_json(struct buf *b, const struct status *s, const struct status_view *view)
{
    enum err_code rc = buf_addf(b, "{\"netty_status\":1,\"program\":\"%s\",\"version\":\"%s\",",
                                view->program, NETTY_VERSION);
    if (rc != OK || (rc = add_time(b, "now", s->at)) != OK ||
        (rc = buf_addf(b, ",\"stale_after\":%.3f,\"interval\":%.3f", SECONDS(view->stale_after),
                       SECONDS(view->interval))) != OK ||
        (rc = buf_addc(b, ',')) != OK || (rc = add_time(b, "next_run", s->next_run)) != OK ||
        (rc = add_health(b, view->health)) != OK || (rc = add_spool(b, s)) != OK ||
        (rc = add_databases(b, s)) != OK || (rc = add_tables(b, s)) != OK)
        return rc;
    if (view->no_run && (rc = buf_adds(b, ",\"can_run\":false")) != OK)
        return rc;
    if (view->spool != NULL && (rc = buf_adds(b, ",\"runs\":")) == OK)
        rc = run_json_tables(b, view->spool, s);
    return rc == OK ? buf_adds(b, "}\n") : rc;
}

#include "tests/sim/api/query.h"

#include "shared/base/units.h"
#include "shared/time/when.h"
#include "tests/sim/base/stamp.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

/* Up to `end`, or to the end of the text; returns where to go on, or NULL when it does not fit. */
static const char *take(const char *s, char end, char *out, size_t size)
{
    const char *stop = strchr(s, end);
    size_t n = stop != NULL ? (size_t)(stop - s) : strlen(s);
    if (n >= size)
        return NULL;
    memcpy(out, s, n);
    out[n] = '\0';
    return s + n + (stop != NULL);
}

static enum err_code read_time(struct filter *f, const struct query_reading *reading, struct err *e)
{
    size_t n = strlen(f->value);
    if (reading->paris && n > 19)
        n = 19; /* the digits of the wall clock; what they say about a zone is overlooked */
    if (when_parse(f->value, n, reading->utc, &f->number) != OK || f->number == WHEN_NONE)
        return err_set(e, ERR_USAGE, "filter on %s: not a time", f->member);
    if (reading->paris)
        f->number = stamp_from_paris(f->number);
    f->number += reading->skew;
    return OK;
}

static enum err_code read_value(struct filter *f, const struct table *t,
                                const struct query_reading *reading, struct err *e)
{
    f->on = FILTER_MEMBER;
    if (strcmp(f->member, "time_modified") == 0) {
        f->on = FILTER_TIME;
        if (!f->greater && reading->ways.equal_filter == FORM_REFUSED)
            return err_set(e, ERR_USAGE, "filter on %s: unknown operator", f->member);
        f->ignored = !f->greater && reading->ways.equal_filter == FORM_IGNORED;
        return read_time(f, reading, e);
    }
    if (strcmp(f->member, table_key(t)) == 0) {
        f->on = FILTER_KEY;
        if (units_count(f->value, &f->number) != OK)
            return err_set(e, ERR_USAGE, "filter on %s: not a number", f->member);
    } else if (strcmp(f->member, "deleted") == 0) {
        f->on = FILTER_DELETED;
        f->number = strcmp(f->value, "true") == 0 || strcmp(f->value, "1") == 0;
    }
    return OK;
}

/* The value ends at a comma; it may hold colons, as times do. */
static enum err_code read_filters(struct query *q, const char *s, const struct table *t,
                                  const struct query_reading *reading, struct err *e)
{
    enum err_code rc = OK;
    while (rc == OK && *s != '\0') {
        char operator[16];
        if (q->n_filters == QUERY_FILTERS)
            return err_set(e, ERR_USAGE, "more than %d filters", QUERY_FILTERS);
        struct filter *f = &q->filters[q->n_filters++];
        if ((s = take(s, ':', f->member, sizeof f->member)) == NULL ||
            (s = take(s, ':', operator, sizeof operator)) == NULL ||
            (s = take(s, ',', f->value, sizeof f->value)) == NULL)
            return err_set(e, ERR_USAGE, "a filter is field:operator:value");
        f->greater = strcmp(operator, "greater") == 0;
        if (!f->greater && strcmp(operator, "equal") != 0)
            return err_set(e, ERR_USAGE, "filter on %s: unknown operator", f->member);
        rc = read_value(f, t, reading, e);
    }
    return rc;
}

static enum err_code read_sort(struct query *q, const char *sort, const struct table *t,
                               struct err *e)
{
    size_t key = strlen(table_key(t));
    if (sort == NULL || strcmp(sort, "time_modified:asc") == 0)
        return OK;
    if (strcmp(sort, "time_modified:desc") == 0) {
        q->descending = true;
        return OK;
    }
    bool known = strncmp(sort, table_key(t), key) == 0 && sort[key] == ':';
    if (!known || q->ways.sort_key == FORM_REFUSED)
        return err_set(e, ERR_USAGE, "sort: %.60s is not known", sort);
    q->by_key = q->ways.sort_key == FORM_WORKS;
    q->descending = q->by_key && strcmp(sort + key, ":desc") == 0;
    return OK;
}

enum err_code query_parse(struct query *q, const struct args *args, const struct table *t,
                          const struct query_reading *reading, struct err *e)
{
    enum err_code rc;
    *q = (struct query){0};
    int64_t limit = reading->limit_cap, offset = 0;
    const char *sort = args_get(args, "sort"), *filters = args_get(args, "filters");
    q->ways = reading->ways;
    if ((rc = read_sort(q, sort, t, e)) != OK)
        return rc;
    if ((rc = args_count(args, "limit", INT64_MAX, &limit, e)) != OK ||
        (rc = args_count(args, "offset", INT64_MAX, &offset, e)) != OK)
        return rc;
    q->limit = limit < reading->limit_cap ? (unsigned)limit : reading->limit_cap;
    q->offset = (uint64_t)offset;
    return filters != NULL ? read_filters(q, filters, t, reading, e) : OK;
}

/* ---- matching ---- */

static bool compare(const struct filter *f, int64_t value)
{
    return f->greater ? value > f->number : value == f->number;
}

static bool is_number(const char *s, size_t n)
{
    return n > 0 && (s[0] == '-' || (s[0] >= '0' && s[0] <= '9'));
}

static bool member_matches(const struct filter *f, const char *value, size_t n)
{
    size_t want = strlen(f->value);
    char text[64];
    if (is_number(value, n) && is_number(f->value, want) && n < sizeof text) {
        memcpy(text, value, n);
        text[n] = '\0';
        double a = strtod(text, NULL), b = strtod(f->value, NULL);
        return f->greater ? a > b : !(a < b || a > b);
    }
    if (n >= 2 && value[0] == '"') {
        value++;
        n -= 2;
    }
    int order = memcmp(value, f->value, n < want ? n : want);
    if (order == 0)
        order = (n > want) - (n < want);
    return f->greater ? order > 0 : order == 0;
}

static bool matches(const struct query *q, const struct rec *rec, const char *text, size_t n)
{
    for (size_t i = 0; i < q->n_filters; i++) {
        const struct filter *f = &q->filters[i];
        const char *value = NULL;
        size_t len = 0;
        bool yes = false;
        switch (f->on) {
        case FILTER_TIME:
            yes = f->ignored || (!rec_timeless(rec) && compare(f, rec->time));
            break;
        case FILTER_KEY:
            yes = compare(f, rec->id);
            break;
        case FILTER_DELETED:
            yes = compare(f, (rec->flags & REC_DELETED) != 0);
            break;
        case FILTER_MEMBER:
            yes = body_member(text, n, f->member, &value, &len) && member_matches(f, value, len);
            break;
        }
        if (!yes)
            return false;
    }
    return true;
}

static bool needs_text(const struct query *q)
{
    for (size_t i = 0; i < q->n_filters; i++) {
        if (q->filters[i].on == FILTER_MEMBER)
            return true;
    }
    return false;
}

/* Without filters, or with `time_modified:greater:…` alone: positions follow each other. */
static bool is_range(const struct query *q)
{
    return q->n_filters == 0 ||
           (q->n_filters == 1 && q->filters[0].on == FILTER_TIME && q->filters[0].greater);
}

static void run_range(const struct query *q, const struct table *t, size_t *positions, size_t *n,
                      size_t *total)
{
    size_t begin = 0, end = table_count(t);
    if (q->n_filters == 1) {
        begin = table_after(t, q->filters[0].number);
        end = table_timed_end(t);
    }
    *total = end > begin ? end - begin : 0;
    for (*n = 0; *n < q->limit && q->offset + *n < *total; ++*n) {
        size_t i = (size_t)q->offset + *n;
        positions[*n] = q->descending ? end - 1 - i : begin + i;
    }
}

/* ---- lists that are not in the table's own order ---- */

bool query_hides(const struct query_ways *ways, uint32_t id)
{
    if (id >= ways->thin_from && id - ways->thin_from < ways->thin_n)
        return true;
    return rng_mix(UINT64_C(0x7468696e), id) % 1000 < ways->thin_permille;
}

static size_t hide(const struct query *q, const struct table *t, size_t *positions, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!query_hides(&q->ways, table_at(t, positions[i])->id))
            positions[kept++] = positions[i];
    return kept;
}

static void shuffle_ties(const struct query *q, const struct table *t, size_t *all, size_t n)
{
    struct rng r = q->ways.ties == TIES_DRAWN ? rng_seed(table_seed(t), q->ways.draw, 5)
                                              : rng_seed(table_seed(t), q->offset + q->limit, 6);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && table_at(t, all[j])->time == table_at(t, all[i])->time; j++)
            ;
        for (size_t k = j - i; k > 1; k--) {
            size_t other = i + (size_t)rng_below(&r, k);
            size_t swap = all[i + k - 1];
            all[i + k - 1] = all[other];
            all[other] = swap;
        }
    }
}

/* The list in the order of the key, without more work than the page takes where all records match. */
static enum err_code run_by_key(const struct query *q, struct table *t, size_t *positions,
                                size_t *n, size_t *total, struct err *e)
{
    size_t count = table_count(t);
    const size_t *order = table_by_id(t);
    *n = *total = 0;
    if (order == NULL)
        return err_set(e, ERR_NOMEM, "no memory to sort %zu records", count);
    if (q->n_filters == 0) {
        *total = count;
        for (uint64_t i = q->offset; i < count && *n < q->limit; i++)
            positions[(*n)++] = order[q->descending ? count - 1 - i : i];
        return OK;
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = order[q->descending ? count - 1 - i : i];
        if (!matches(q, table_at(t, at), NULL, 0))
            continue;
        if (*total >= q->offset && *n < q->limit)
            positions[(*n)++] = at;
        ++*total;
    }
    return OK;
}

/* All that matches, ties shuffled, and the page taken out of it. */
static enum err_code run_shuffled(const struct query *q, const struct table *t, size_t *positions,
                                  size_t *n, size_t *total, struct err *e)
{
    size_t count = table_count(t);
    size_t *all = calloc(count + 1, sizeof *all);
    if (all == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a list");
    *n = *total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = q->descending ? count - 1 - i : i;
        if (matches(q, table_at(t, at), NULL, 0))
            all[(*total)++] = at;
    }
    shuffle_ties(q, t, all, *total);
    for (uint64_t i = q->offset; i < *total && *n < q->limit; i++)
        positions[(*n)++] = all[i];
    free(all);
    return OK;
}

static enum err_code run_query(const struct query *q, struct table *t, const struct body_conf *body,
                               size_t *positions, size_t *n, size_t *total, struct err *e)
{
    if (!needs_text(q) && q->by_key)
        return run_by_key(q, t, positions, n, total, e);
    if (!needs_text(q) && q->ways.ties != TIES_BY_KEY)
        return run_shuffled(q, t, positions, n, total, e);
    if (is_range(q)) {
        run_range(q, t, positions, n, total);
        return OK;
    }
    enum err_code rc = OK;
    struct buf text;
    buf_init(&text, BODY_MAX);
    bool with_text = needs_text(q);
    size_t count = table_count(t);
    *n = *total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = q->descending ? count - 1 - i : i;
        const struct rec *rec = table_at(t, at);
        buf_reset(&text);
        if (with_text && (rc = body_text(body, t, rec, &text)) != OK) {
            rc = buf_err(e, rc, &text, "a record's text");
            break;
        }
        if (!matches(q, rec, text.data, text.len))
            continue;
        if (*total >= q->offset && *n < q->limit)
            positions[(*n)++] = at;
        ++*total;
    }
    buf_free(&text);
    return rc;
}

enum err_code query_run(const struct query *q, struct table *t, const struct body_conf *body,
                        size_t *positions, size_t *n, size_t *total, struct err *e)
{
    enum err_code rc = run_query(q, t, body, positions, n, total, e);
    if (rc == OK)
        *n = hide(q, t, positions, *n);
    return rc;
}

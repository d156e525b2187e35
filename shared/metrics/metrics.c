#include "shared/metrics/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 512 /* of one series, as text */

struct series {
    char *labels; /* `table="contacts",kind="timeout"`, or "" */
    double value; /* of a histogram: the sum */
    double count;
    double buckets[METRICS_BOUNDS]; /* not cumulated */
};

struct family {
    struct series *series;
    size_t count;
};

struct metrics {
    const struct metric_def *defs;
    struct family *families;
    size_t count;
};

enum err_code metrics_open(struct metrics **m, const struct metric_def *defs, size_t n,
                           struct err *e)
{
    *m = calloc(1, sizeof **m);
    struct family *families = calloc(n > 0 ? n : 1, sizeof *families);
    if (*m == NULL || families == NULL) {
        free(*m);
        free(families);
        *m = NULL;
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    **m = (struct metrics){.defs = defs, .families = families, .count = n};
    return OK;
}

void metrics_clear(struct metrics *m, size_t metric)
{
    struct family *f = &m->families[metric];
    for (size_t i = 0; i < f->count; i++)
        free(f->series[i].labels);
    free(f->series);
    *f = (struct family){.count = 0};
}

void metrics_close(struct metrics *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++)
        metrics_clear(m, i);
    free(m->families);
    free(m);
}

/* ---- series ---- */

static enum err_code add_value(struct buf *b, const char *name, const char *value)
{
    enum err_code rc = buf_addf(b, "%s%s=\"", b->len > 0 ? "," : "", name);
    for (; rc == OK && *value != 0; value++) {
        if (*value == '\n')
            rc = buf_adds(b, "\\n");
        else if (*value == '"' || *value == '\\')
            rc = buf_addf(b, "\\%c", *value);
        else
            rc = buf_addc(b, *value);
    }
    return rc == OK ? buf_addc(b, '"') : rc;
}

static struct series *find_labels(struct family *f, const char *labels)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->series[i].labels, labels) == 0)
            return &f->series[i];
    if (f->count >= METRICS_SERIES)
        return NULL;
    struct series *more = realloc(f->series, (f->count + 1) * sizeof *more);
    char *copy = strdup(labels);
    if (more != NULL)
        f->series = more;
    if (more == NULL || copy == NULL) {
        free(copy);
        return NULL;
    }
    struct series *made = &more[f->count++];
    *made = (struct series){.labels = copy};
    return made;
}

static struct series *find(struct metrics *m, size_t metric, const char *a, const char *b)
{
    const struct metric_def *def = &m->defs[metric];
    const char *const values[METRICS_LABELS] = {a, b};
    struct series *found = NULL;
    struct buf labels;
    enum err_code rc = OK;
    buf_init(&labels, LABELS_MAX);
    for (size_t i = 0; i < METRICS_LABELS && def->labels[i] != NULL && rc == OK; i++)
        rc = add_value(&labels, def->labels[i], values[i] != NULL ? values[i] : "");
    if (rc == OK)
        found = find_labels(&m->families[metric], labels.data);
    buf_free(&labels);
    return found;
}

void metrics_add(struct metrics *m, size_t metric, const char *a, const char *b, double v)
{
    struct series *s = find(m, metric, a, b);
    if (s != NULL)
        s->value += v;
}

void metrics_set(struct metrics *m, size_t metric, const char *a, const char *b, double v)
{
    struct series *s = find(m, metric, a, b);
    if (s != NULL)
        s->value = v;
}

static size_t bounds_of(const struct metric_def *def)
{
    size_t n = 0;
    while (n < METRICS_BOUNDS && def->bounds[n] > 0)
        n++;
    return n;
}

void metrics_observe(struct metrics *m, size_t metric, const char *a, const char *b, double v)
{
    const struct metric_def *def = &m->defs[metric];
    struct series *s = find(m, metric, a, b);
    size_t n = bounds_of(def);
    size_t i = 0;
    if (s == NULL)
        return;
    while (i < n && v > def->bounds[i])
        i++;
    if (i < n)
        s->buckets[i]++;
    s->count++;
    s->value += v;
}

/* ---- text ---- */

static enum err_code add_number(struct buf *b, double v)
{
    char text[40];
    if (v == trunc(v) && fabs(v) < 1e15)
        return buf_addf(b, "%.0f", v);
    (void)snprintf(text, sizeof text, "%.15g", v);
    if (strtod(text, NULL) != v)
        (void)snprintf(text, sizeof text, "%.17g", v);
    return buf_adds(b, text);
}

/* extra: a further label with its value, or "" */
static enum err_code add_line(struct buf *b, const char *name, const char *suffix,
                              const char *labels, const char *extra, double v)
{
    bool both = labels[0] != 0 && extra[0] != 0;
    bool any = labels[0] != 0 || extra[0] != 0;
    enum err_code rc = buf_addf(b, "%s%s%s%s%s%s%s ", name, suffix, any ? "{" : "", labels,
                                both ? "," : "", extra, any ? "}" : "");
    if (rc == OK && (rc = add_number(b, v)) == OK)
        rc = buf_addc(b, '\n');
    return rc;
}

static enum err_code add_histogram(struct buf *b, const struct metric_def *def,
                                   const struct series *s)
{
    char le[64];
    double sum = 0;
    size_t n = bounds_of(def);
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        sum += s->buckets[i];
        (void)snprintf(le, sizeof le, "le=\"%.15g\"", def->bounds[i]);
        rc = add_line(b, def->name, "_bucket", s->labels, le, sum);
    }
    if (rc != OK ||
        (rc = add_line(b, def->name, "_bucket", s->labels, "le=\"+Inf\"", s->count)) != OK ||
        (rc = add_line(b, def->name, "_sum", s->labels, "", s->value)) != OK)
        return rc;
    return add_line(b, def->name, "_count", s->labels, "", s->count);
}

static enum err_code add_family(struct buf *b, const struct metric_def *def, const struct family *f)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    enum err_code rc = buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", def->name, def->help, def->name,
                                types[def->type]);
    for (size_t i = 0; i < f->count && rc == OK; i++)
        rc = def->type == METRIC_HISTOGRAM
                 ? add_histogram(b, def, &f->series[i])
                 : add_line(b, def->name, "", f->series[i].labels, "", f->series[i].value);
    return rc;
}

enum err_code metrics_render(const struct metrics *m, struct buf *b)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < m->count && rc == OK; i++)
        if (m->families[i].count > 0)
            rc = add_family(b, &m->defs[i], &m->families[i]);
    return rc;
}

/* ---- going on ---- */

/* The parts of a line behind the family's name. */
struct line {
    const char *suffix; /* "", "_bucket", "_sum", "_count" */
    char labels[LABELS_MAX];
    double bound; /* _bucket's */
    double value;
};

static size_t find_def(const struct metrics *m, const char *name, size_t n, struct line *l)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    for (size_t i = 0; i < m->count; i++) {
        const struct metric_def *def = &m->defs[i];
        size_t own = strlen(def->name);
        if (own > n || strncmp(def->name, name, own) != 0)
            continue;
        if (def->type == METRIC_COUNTER && own == n) {
            l->suffix = "";
            return i;
        }
        for (size_t k = 0; def->type == METRIC_HISTOGRAM && k < 3; k++)
            if (strlen(suffixes[k]) == n - own && strncmp(name + own, suffixes[k], n - own) == 0) {
                l->suffix = suffixes[k];
                return i;
            }
    }
    return m->count;
}

/* Cuts the label le off, which is the last one, with the comma before it. */
static bool take_bound(struct line *l)
{
    char *le = l->labels; /* `le="` also ends `table="` */
    if (strncmp(le, "le=\"", 4) != 0) {
        le = strrchr(l->labels, ',');
        if (le == NULL || strncmp(le + 1, "le=\"", 4) != 0)
            return false;
    }
    l->bound = strtod(le + (*le == ',' ? 5 : 4), NULL); /* "+Inf" is inf */
    *le = 0;
    return true;
}

/* Reads a line. Returns the metric's index, or m->count where it is none of m's. */
static size_t read_line(const struct metrics *m, const char *text, size_t n, struct line *l)
{
    char number[64];
    const char *space = memrchr(text, ' ', n);
    size_t name = n > 0 ? strcspn(text, "{ ") : 0;
    char *end;
    if (space == NULL || n == 0 || text[0] == '#')
        return m->count;
    size_t digits = n - (size_t)(space + 1 - text);
    size_t labels = (size_t)(space - text) - name;
    if (digits == 0 || digits >= sizeof number || labels >= sizeof l->labels)
        return m->count;
    memcpy(number, space + 1, digits);
    number[digits] = 0;
    l->value = strtod(number, &end);
    if (*end != 0 || !isfinite(l->value) || l->value < 0)
        return m->count;
    if (labels >= 2) /* without the braces */
        memcpy(l->labels, text + name + 1, labels - 2);
    l->labels[labels >= 2 ? labels - 2 : 0] = 0;
    size_t metric = find_def(m, text, name, l);
    if (metric < m->count && strcmp(l->suffix, "_bucket") == 0 && !take_bound(l))
        return m->count;
    return metric;
}

/* Buckets are rendered cumulated and kept uncumulated: what a bucket has is taken off the next one. */
static void resume_bucket(const struct metric_def *def, struct series *s, const struct line *l)
{
    size_t n = bounds_of(def);
    for (size_t i = 0; i < n; i++)
        if (def->bounds[i] == l->bound) {
            s->buckets[i] += l->value;
            if (i + 1 < n)
                s->buckets[i + 1] -= l->value;
        }
}

void metrics_resume(struct metrics *m, const char *text, size_t n)
{
    const char *end = text + n;
    const char *lf;
    for (; text < end && (lf = memchr(text, '\n', (size_t)(end - text))) != NULL; text = lf + 1) {
        struct line l = {.suffix = ""};
        size_t metric = read_line(m, text, (size_t)(lf - text), &l);
        struct series *s = metric < m->count ? find_labels(&m->families[metric], l.labels) : NULL;
        if (s == NULL)
            continue;
        if (strcmp(l.suffix, "_bucket") == 0)
            resume_bucket(&m->defs[metric], s, &l);
        else if (strcmp(l.suffix, "_count") == 0)
            s->count += l.value;
        else
            s->value += l.value;
    }
}

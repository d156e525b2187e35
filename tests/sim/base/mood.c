#include "tests/sim/base/mood.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct mood mood_good = {
    .gzip = 1,
    .date = 1,
    .hang_seconds = 60,
    .faults_max = -1,
    .throttle_after = -1,
    .throttle_status = 429,
    .throttle_retry_after = RETRY_AFTER_NONE,
};

/* One entry a member: bounds, or the words that its numbers are written with. */
static const struct member {
    const char *name;
    size_t at;
    int64_t min, max;
    const char *words; /* "total|page|garbage", or NULL */
} members[] = {
#define M(name, min, max, words)                                                                   \
    {                                                                                              \
#name, offsetof(struct mood, name), (min), (max), (words)                                  \
    }
#define PERCENT(name) M(name, 0, 100, NULL)
#define SWITCH(name)  M(name, 0, 1, "off|on")
#define MANY          1000000000
    M(edits_per_request, 0, MANY, NULL),
    M(inserts_per_request, 0, MANY, NULL),
    M(deletes_per_request, 0, MANY, NULL),
    M(marks_per_request, 0, MANY, NULL),
    M(ties_per_request, 0, MANY, NULL),
    SWITCH(edits_after),
    M(edit_ahead, 0, MANY, NULL),
    M(skew_seconds, -MANY, MANY, NULL),
    SWITCH(filter_paris),
    SWITCH(ignore_filter),
    M(key_filter, KEY_WORKS, KEY_OTHER, "works|ignored|refused|empty|other"),
    SWITCH(ignore_offset),
    SWITCH(same_page_forever),
    M(limit_cap, 0, MANY, NULL),
    M(sort_key, 0, 2, "works|ignored|refused"),
    M(equal_filter, 0, 2, "works|ignored|refused"),
    M(ties, 0, 2, "by_key|drawn|top_n"),
    M(thin_permille, 0, 1000, NULL),
    M(thin_from, 0, MANY, NULL),
    M(thin_n, 0, MANY, NULL),
    SWITCH(born_timeless),
    M(limit_slow_above, 0, MANY, NULL),
    M(count_is, COUNT_TOTAL, COUNT_NONE, "total|page|garbage|none"),
    M(envelope, ENVELOPE_PLAIN, ENVELOPE_BARE, "plain|rich|bare"),
    SWITCH(gzip),
    SWITCH(date),
    M(date_skew, -MANY, MANY, NULL),
    M(latency_ms, 0, MANY, NULL),
    PERCENT(p500),
    PERCENT(p_html),
    PERCENT(p_error_object),
    PERCENT(p_cut),
    PERCENT(p_reset),
    PERCENT(p_hang),
    PERCENT(p_stall),
    PERCENT(p_garbage),
    PERCENT(p_utf8),
    PERCENT(p_notarray),
    PERCENT(p_nullelement),
    PERCENT(p_deep),
    PERCENT(p_redirect),
    PERCENT(p404),
    M(hang_seconds, 0, MANY, NULL),
    M(faults_max, -1, MANY, NULL),
    M(throttle_after, -1, MANY, NULL),
    M(throttle_status, 400, 599, NULL),
    M(throttle_retry_after, RETRY_AFTER_TRUE, MANY, NULL),
    SWITCH(throttle_retry_date),
    M(throttle_seconds, 0, MANY, NULL),
    M(throttle_requests, 0, MANY, NULL),
    SWITCH(throttle_extends),
    M(limit_fail_above, 0, MANY, NULL),
    M(limit_fail_how, FAIL_500, FAIL_RESET, "500|502|504|413|cut|hang|reset"),
    M(refuse_status, 0, 599, NULL),
    M(refuse_words, WORDS_NESTED, WORDS_NONE, "nested|error|message|lines|control|long|none"),
    M(empty_is, EMPTY_ARRAY, EMPTY_MISSING, "array|null|object|missing"),
    SWITCH(bom),
    SWITCH(key_text),
    M(deleted_is, DELETED_BOOL, DELETED_NULL, "bool|number|text|null"),
};
#define MEMBERS (sizeof members / sizeof *members)

/* The faults' percentages, in the order of enum fault. */
static const struct {
    const char *name;
    size_t at;
} faults[FAULTS] = {
#define F(name)                                                                                    \
    {                                                                                              \
#name, offsetof(struct mood, name)                                                         \
    }
    {"", 0},       F(p500),          F(p_html),  F(p_error_object), F(p_cut),
    F(p_reset),    F(p_hang),        F(p_stall), F(p_garbage),      F(p_utf8),
    F(p_notarray), F(p_nullelement), F(p_deep),  F(p_redirect),     F(p404),
};

static int64_t get(const struct mood *m, size_t at)
{
    int64_t value;
    memcpy(&value, (const char *)m + at, sizeof value);
    return value;
}

static void set(struct mood *m, size_t at, int64_t value)
{
    memcpy((char *)m + at, &value, sizeof value);
}

/* The place of text among "a|b|c", or -1. */
static int64_t word_index(const char *words, const char *text)
{
    size_t n = strlen(text);
    for (int64_t i = 0; words != NULL; i++) {
        size_t len = strcspn(words, "|");
        if (len == n && memcmp(words, text, n) == 0)
            return i;
        words = words[len] == '|' ? words + len + 1 : NULL;
    }
    return -1;
}

static enum err_code set_member(struct mood *m, const char *name, const char *text, struct err *e)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        const struct member *member = &members[i];
        if (strcmp(member->name, name) != 0)
            continue;
        char *end;
        errno = 0;
        int64_t value = word_index(member->words, text);
        if (value < 0) {
            value = strtoll(text, &end, 10);
            if (end == text || *end != '\0' || errno != 0 || value < member->min ||
                value > member->max)
                return err_set(e, ERR_USAGE, "%s=%s: give %lld to %lld%s%s", name, text,
                               (long long)member->min, (long long)member->max,
                               member->words != NULL ? ", or one of " : "",
                               member->words != NULL ? member->words : "");
        }
        set(m, member->at, value);
        return OK;
    }
    return err_set(e, ERR_USAGE, "%s: there is no such mood (see tests/sim/README.md)", name);
}

enum err_code mood_set(struct mood *m, const struct args *args, struct err *e)
{
    enum err_code rc;
    const char *reset = args_get(args, "reset");
    struct mood fresh = reset != NULL && strcmp(reset, "0") != 0 ? mood_good : *m;
    for (size_t i = 0; i < args->n; i++) {
        const char *name = args->at[i].name;
        if (strcmp(name, "reset") == 0 || strcmp(name, "table") == 0)
            continue;
        if ((rc = set_member(&fresh, name, args->at[i].value, e)) != OK)
            return rc;
    }
    int64_t sum = 0;
    for (size_t i = FAULT_NONE + 1; i < FAULTS; i++)
        sum += get(&fresh, faults[i].at);
    if (sum > 100)
        return err_set(e, ERR_USAGE, "the faults add up to %lld percent", (long long)sum);
    *m = fresh;
    return OK;
}

bool mood_is_throttle(const char *name)
{
    return strncmp(name, "throttle_", strlen("throttle_")) == 0;
}

enum err_code mood_show(const struct mood *m, struct buf *out)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < MEMBERS && rc == OK; i++)
        rc = buf_addf(out, "%c\"%s\":%lld", i == 0 ? '{' : ',', members[i].name,
                      (long long)get(m, members[i].at));
    return rc == OK ? buf_addc(out, '}') : rc;
}

enum fault mood_fault(const struct mood *m, struct rng *r)
{
    int64_t roll = (int64_t)rng_below(r, 100);
    for (int i = FAULT_NONE + 1; i < FAULTS; i++) {
        roll -= get(m, faults[i].at);
        if (roll < 0)
            return (enum fault)i;
    }
    return FAULT_NONE;
}

const char *fault_name(enum fault f)
{
    return faults[f].name;
}

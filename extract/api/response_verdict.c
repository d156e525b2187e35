#include "extract/api/response_verdict.h"
#include <stdio.h>

/* The server's own words behind a colon, if there are any. */
static const char *said(const struct http_result *result, char out[SERVER_WORDS_TEXT + 2])
{
    (void)snprintf(out, SERVER_WORDS_TEXT + 2, "%s%s", result->words[0] != 0 ? ": " : "",
                   result->words);
    return out;
}

static enum verdict failed(const struct err *why, bool timed_out, struct err *e)
{
    *e = *why;
    if (timed_out || why->code == ERR_TOO_BIG)
        return VERDICT_SMALLER;
    return why->code == ERR_UNAVAILABLE || why->code == ERR_PROTOCOL ? VERDICT_RETRY
                                                                     : VERDICT_FAILED;
}

static enum verdict no_page(const struct http_result *result, const struct err *page, struct err *e)
{
    enum verdict v = failed(page, false, e);
    if (result->words[0] != 0 && page->code == ERR_PROTOCOL)
        err_set(e, page->code, "%.300s; the server says: %s", page->msg, result->words);
    return v;
}

static enum verdict refused(const char *table, const struct http_result *result, bool key_worked,
                            struct err *e)
{
    char words[SERVER_WORDS_TEXT + 2];
    long status = result->status;
    if (status == 429 || key_worked)
        err_set(e, ERR_THROTTLED, "the API asks to be left alone (status %ld)%s", status,
                said(result, words));
    if (status == 429)
        return VERDICT_THROTTLED;
    if (key_worked)
        return VERDICT_REFUSED;
    err_set(e, ERR_DENIED,
            "the API refuses the key (status %ld for %s)%s; check NETTY_API_KEY or the file that"
            " NETTY_API_KEY_FILE names",
            status, table, said(result, words));
    return VERDICT_REFUSED;
}

static enum verdict client_error(const char *table, const struct http_result *result, struct err *e)
{
    char words[SERVER_WORDS_TEXT + 2];
    if (result->status == 413) {
        err_set(e, ERR_UNAVAILABLE, "the API finds the page too large (status 413)%s",
                said(result, words));
        return VERDICT_SMALLER;
    }
    if (result->status == 404) {
        err_set(e, ERR_CONFIG, "the API has no table %s (status 404)%s", table,
                said(result, words));
        return VERDICT_UNKNOWN;
    }
    err_set(e, ERR_REFUSED, "the API refuses the request for %s (status %ld)%s", table,
            result->status, said(result, words));
    return VERDICT_FAILED;
}

enum verdict response_verdict(const char *table, const struct http_result *result,
                              const struct err *page, bool key_worked, struct err *e)
{
    char words[SERVER_WORDS_TEXT + 2];
    long status = result->status;
    if (result->err.code != OK && (status == 0 || status == 200 || status / 100 == 3))
        return failed(&result->err, result->timed_out, e);
    if (status == 200)
        return page->code == OK ? VERDICT_PAGE : no_page(result, page, e);
    if (status == 429 || status == 401 || status == 403)
        return refused(table, result, key_worked, e);
    if (status >= 400 && status < 500)
        return client_error(table, result, e);
    err_set(e, ERR_UNAVAILABLE, "the API answers with status %ld%s", status, said(result, words));
    return VERDICT_RETRY;
}

const char *verdict_word(enum verdict v)
{
    static const char *const words[] = {"page",    "retry",   "smaller", "throttled",
                                        "refused", "unknown", "failed"};
    return words[v];
}

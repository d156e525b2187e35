#include "extract/api/response_verdict.h"

static enum verdict failed(const struct err *why, bool timed_out, struct err *e)
{
    *e = *why;
    if (timed_out || why->code == ERR_TOO_BIG)
        return VERDICT_SMALLER;
    return why->code == ERR_UNAVAILABLE || why->code == ERR_PROTOCOL ? VERDICT_RETRY
                                                                     : VERDICT_FAILED;
}

static enum verdict refused(const char *table, long status, bool key_worked, struct err *e)
{
    if (status == 429 || key_worked) {
        err_set(e, ERR_THROTTLED, "the API asks to be left alone (status %ld)", status);
        return VERDICT_THROTTLED;
    }
    err_set(e, ERR_DENIED,
            "the API refuses the key (status %ld for %s): check NETTY_API_KEY or the file that"
            " NETTY_API_KEY_FILE names",
            status, table);
    return VERDICT_DENIED;
}

enum verdict response_verdict(const char *table, const struct http_result *result,
                              const struct err *page, bool key_worked, struct err *e)
{
    long status = result->status;
    if (result->err.code != OK && (status == 0 || status == 200 || status / 100 == 3))
        return failed(&result->err, result->timed_out, e);
    if (status == 200)
        return page->code == OK ? VERDICT_PAGE : failed(page, false, e);
    if (status == 429 || status == 401 || status == 403)
        return refused(table, status, key_worked, e);
    if (status == 404) {
        err_set(e, ERR_REFUSED, "the API has no table %s (status 404): check its name and base-url",
                table);
        return VERDICT_FAILED;
    }
    if (status >= 400 && status < 500) {
        err_set(e, ERR_REFUSED, "the API refuses the request for %s (status %ld)", table, status);
        return VERDICT_FAILED;
    }
    err_set(e, ERR_UNAVAILABLE, "the API answers with status %ld", status);
    return VERDICT_RETRY;
}

const char *verdict_word(enum verdict v)
{
    static const char *const words[] = {"page",      "retry",  "smaller",
                                        "throttled", "denied", "failed"};
    return words[v];
}

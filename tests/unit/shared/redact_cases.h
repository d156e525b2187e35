/* A secret, and texts that hold it in each form: what must become of them, as a text and in a line of the log. */
#ifndef NETTY_TESTS_UNIT_SHARED_REDACT_CASES_H
#define NETTY_TESTS_UNIT_SHARED_REDACT_CASES_H

#define REDACT_SECRET "p/s \xc3\xa9+\"k"

static const struct {
    const char *text;
    const char *want;
} redact_cases[] = {
    {"no secret", "no secret"},
    {"p/s \xc3\xa9+\"k", "***"},
    {"ap/s \xc3\xa9+\"kb", "a***b"},
    {"?key=p%2Fs%20%C3%A9%2B%22k&x=1", "?key=***&x=1"},
    {"?key=p%2fs+%c3%a9%2b%22%6b&x=1", "?key=***&x=1"},
    {"%70%2f%73%20%c3%A9%2b%22%6B", "***"},
    {"p/s \xc3\xa9+\"kp/s%20\xc3\xa9+\"k", "******"},
    {"p/p/s \xc3\xa9+\"k", "p/***"},
    {"p%2Gs%20%C3%A9%2B%22k", "p%2Gs%20%C3%A9%2B%22k"},
};

#endif

/*
 * What an exchange means for the table that made it (NETTY.md, "Behaviour under use").
 */
#ifndef NETTY_EXTRACT_API_RESPONSE_VERDICT_H
#define NETTY_EXTRACT_API_RESPONSE_VERDICT_H

#include "extract/api/http_client.h"

enum verdict {
    VERDICT_PAGE,      /* a whole body was handed out */
    VERDICT_RETRY,     /* no answer, cut short, 5xx, no page: the same request can succeed later */
    VERDICT_SMALLER,   /* a timeout, or a page beyond its cap: with fewer records it can succeed */
    VERDICT_THROTTLED, /* leave the API alone */
    VERDICT_REFUSED, /* 401, 403: of the table or of the key (refusal_gate.h); e speaks of the key */
    VERDICT_UNKNOWN, /* 404: the API has no such table */
    VERDICT_FAILED   /* no retry helps this table */
};

/* page says how the parser took the body (page_parser_finish); it is looked at for status 200 only. key_worked says whether
 * the API has ever accepted this key. e is filled unless the verdict is VERDICT_PAGE. */
enum verdict response_verdict(const char *table, const struct http_result *result,
                              const struct err *page, bool key_worked, struct err *e);

/* Returns the verdict's word for logs: "page", "retry" and so on. */
const char *verdict_word(enum verdict v);

#endif

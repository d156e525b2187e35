/*
 * The findings of netty-load doctor and check: lines that say `ok`, `change` (it works, and could be better) or `wrong` (it will not
 * work), what they are about, and what to do.
 *
 *     findings_open(&f, json, NULL, e);
 *     findings_add(f, FINDING_WRONG, ERR_CONFIG, "TLS", "no TLS; give sslmode=verify-full");
 *     findings_exit(f);                    // of the gravest `wrong`; 0 without
 *     findings_report(f, stdout, e);       // a table, or with json an object a line
 */
#ifndef NETTY_LOAD_COMMAND_FINDINGS_H
#define NETTY_LOAD_COMMAND_FINDINGS_H

#include "shared/base/err.h"
#include <stdint.h>
#include <stdio.h>

enum finding {
    FINDING_OK,
    FINDING_CHANGE,
    FINDING_WRONG
};

struct findings;

/* account: what each line begins with, where several accounts are looked at; borrowed, or NULL. */
enum err_code findings_open(struct findings **f, bool json, const char *account,
                            struct err *e) MUST_CHECK;
void findings_close(struct findings *f);
/* code is used for FINDING_WRONG only. If a finding cannot be kept, findings_report fails. */
void findings_add(struct findings *f, enum finding state, enum err_code code, const char *about,
                  const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Lets findings_wrong count from here on. */
void findings_mark(struct findings *f);
/* Returns the first FINDING_WRONG since the mark, or NULL; *count is how many there are. */
const char *findings_wrong(const struct findings *f, uint64_t *count);
int findings_exit(const struct findings *f);
enum err_code findings_report(const struct findings *f, FILE *out, struct err *e) MUST_CHECK;

#endif

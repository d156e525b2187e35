/*
 * The arguments of a request's URL, or of a setting written like one (`p500=5,latency_ms=20`). The
 * texts belong to whoever filled it in.
 */
#ifndef NETTY_TESTS_SIM_BASE_ARGS_H
#define NETTY_TESTS_SIM_BASE_ARGS_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX 64

struct args {
    struct {
        const char *name;
        const char *value;
    } at[ARGS_MAX];
    size_t n;
};

/* ERR_USAGE when there are too many. */
enum err_code args_add(struct args *a, const char *name, const char *value,
                       struct err *e) MUST_CHECK;
/* NULL where there is none. */
const char *args_get(const struct args *a, const char *name);
/* A count within [0, max]; *n is left alone where there is none. ERR_USAGE names it otherwise. */
enum err_code args_count(const struct args *a, const char *name, int64_t max, int64_t *n,
                         struct err *e) MUST_CHECK;

/* Takes "name=value,name=value" (or with `&`) apart in place. */
enum err_code args_split(struct args *a, char *text, struct err *e) MUST_CHECK;

#endif

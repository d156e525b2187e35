/*
 * netty-sim's command line.
 */
#ifndef NETTY_TESTS_SIM_API_OPTIONS_H
#define NETTY_TESTS_SIM_API_OPTIONS_H

#include "shared/base/err.h"
#include "tests/sim/record/body.h"
#include "tests/sim/record/table.h"
#include <stdbool.h>
#include <stdint.h>

#define SIM_TABLES_MAX  64
#define SIM_DEFAULT_KEY "netty-sim-key"

struct sim_conf {
    bool help;
    uint16_t port;         /* 0: any */
    const char *port_file; /* NULL: none */
    const char *log_file;
    const char *key;
    const char *mood; /* "name=value,..." or NULL */
    uint64_t seed;
    struct table_conf tables[SIM_TABLES_MAX]; /* complete: seed, times and all */
    size_t n_tables;
    struct body_conf body;
    unsigned limit_cap;
    bool pretty;
    size_t keep; /* bytes of records' texts that are kept, of all tables together */
    bool clock_fixed;
    int64_t start; /* microseconds: all records' first times lie before it, a fixed clock begins
                      there */
    int64_t tick;  /* a fixed clock's step with each request */
};

/* ERR_USAGE names the option. The texts are argv's and the environment's. */
enum err_code sim_options(struct sim_conf *conf, int argc, char **argv, struct err *e) MUST_CHECK;
void sim_usage(void); /* to standard output */

#endif

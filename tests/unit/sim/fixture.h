/*
 * What the sim's tests share: small tables and worlds, and requests to them without sockets.
 */
#ifndef NETTY_TESTS_UNIT_SIM_FIXTURE_H
#define NETTY_TESTS_UNIT_SIM_FIXTURE_H

#include "tests/sim/api/serve.h"
#include "tests/sim/api/world.h"
#include "tests/sim/control.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define START  INT64_C(1717200000000000) /* 2024-06-01T00:00:00Z */

static inline struct table_conf small_table(uint32_t records)
{
    return (struct table_conf){.name = "contacts",
                               .seed = 7,
                               .records = records,
                               .start = START,
                               .span = INT64_C(30) * 86400 * SECOND,
                               .no_time = TIMELESS_FIRST};
}

static inline struct table *open_table(const struct table_conf *conf)
{
    struct table *t;
    struct err e = ERR_INIT;
    if (table_open(&t, conf, &e) != OK)
        fail_msg("%s", e.msg);
    return t;
}

static inline size_t change_table(struct table *t, struct change change)
{
    size_t changed;
    struct err e = ERR_INIT;
    if (table_change(t, &change, &changed, &e) != OK)
        fail_msg("%s", e.msg);
    return changed;
}

/* A world from a command line: the words after the program's name. conf lives as long as the test.
 */
struct fixture {
    struct sim_conf conf;
    struct world *w;
};

static inline void open_world(struct fixture *f, size_t n, const char *const *words)
{
    char *argv[32] = {0};
    char name[] = "netty-sim";
    struct err e = ERR_INIT;
    argv[0] = name;
    for (size_t i = 0; i < n; i++)
        argv[i + 1] = (char *)(uintptr_t)words[i];
    if (sim_options(&f->conf, (int)n + 1, argv, &e) != OK || world_open(&f->w, &f->conf, &e) != OK)
        fail_msg("%s", e.msg);
}
#define OPEN_WORLD(f, ...)                                                                         \
    open_world((f), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),             \
               (const char *const[]){__VA_ARGS__})

/* "limit=10&offset=3" as arguments; text is taken apart in place. Values may hold commas. */
static inline void read_args(struct args *args, char *text)
{
    *args = (struct args){.n = 0};
    for (char *item = text; item != NULL && *item != '\0';) {
        char *next = strchr(item, '&');
        if (next != NULL)
            *next++ = '\0';
        char *value = strchr(item, '=');
        assert_non_null(value);
        *value++ = '\0';
        assert_int_equal(args_add(args, item, value, NULL), OK);
        item = next;
    }
}

/* The answer to GET /table?query with the right key; reply_free() is the caller's. */
static inline void ask(struct fixture *f, const char *table, const char *query, struct reply *reply)
{
    char text[512];
    struct request request = {.table = table, .key = f->conf.key};
    struct err e = ERR_INIT;
    assert_true(strlen(query) < sizeof text);
    memcpy(text, query, strlen(query) + 1);
    read_args(&request.args, text);
    reply_init(reply);
    if (serve(f->w, &request, reply, &e) != OK)
        fail_msg("%s", e.msg);
}

/* The same, for POST /_sim/path?query (get: GET). */
static inline void command(struct fixture *f, const char *path, const char *query, bool get,
                           struct reply *reply)
{
    char text[512];
    struct request request = {.table = path};
    struct err e = ERR_INIT;
    assert_true(strlen(query) < sizeof text);
    memcpy(text, query, strlen(query) + 1);
    read_args(&request.args, text);
    reply_init(reply);
    if (control(f->w, path, !get, &request, reply, &e) != OK)
        fail_msg("%s", e.msg);
}

/* A command that must succeed. */
static inline void order(struct fixture *f, const char *path, const char *query)
{
    struct reply reply;
    command(f, path, query, false, &reply);
    if (reply.status != 200)
        fail_msg("%s?%s: %s", path, query, reply.body.data);
    reply_free(&reply);
}

/* How often a text occurs in another. */
static inline size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        n++;
    return n;
}

#endif

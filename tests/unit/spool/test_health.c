#include "spool/status/health.h"
#include "tests/unit/spool/helper.h"

#define NOW  (INT64_C(1700000000) * WHEN_SECOND)
#define LATE (NOW - 3600 * WHEN_SECOND)

/* A spool with one table in which all is well: complete, loaded, and just now. */
struct world {
    struct status status;
    struct status_table table;
    struct status_table *list[1];
    struct run_history_entry run;
    struct refused_table refused;
    struct health_last last;
};

static void world_init(struct world *w)
{
    *w = (struct world){.status = {.at = NOW,
                                   .count = 1,
                                   .breaker_until = WHEN_NONE,
                                   .next_run = WHEN_NONE,
                                   .pulled = {.pushed = WHEN_NONE}},
                        .table = {.name = TABLE,
                                  .fetched = NOW,
                                  .complete_to = NOW,
                                  .loaded_to = NOW,
                                  .since = WHEN_NONE,
                                  .holes_since = WHEN_NONE,
                                  .wrong_at = WHEN_NONE},
                        .run = {.began = LATE, .complete_to = NOW, .status = "complete"},
                        .refused = {.table = TABLE, .since = LATE, .asked = NOW},
                        .last = {.table = TABLE, .none = true}};
    w->list[0] = &w->table;
    w->status.tables = w->list;
    w->table.extract = w->table.load = (struct run_history){&w->run, 1};
    (void)snprintf(w->status.pulled.remote, sizeof w->status.pulled.remote, "s3:place");
}

static void nothing(struct world *w)
{
    (void)w;
}

static void stale(struct world *w)
{
    w->table.complete_to = LATE;
}

static void never_complete(struct world *w)
{
    w->table.complete_to = WHEN_NONE;
}

static void load_stale(struct world *w)
{
    w->table.loaded_to = LATE;
}

static void never_loaded(struct world *w)
{
    w->table.loaded_to = WHEN_NONE;
    w->table.since = LATE;
}

static void failing(struct world *w)
{
    (void)snprintf(w->run.error, sizeof w->run.error, "denied");
    w->table.load.count = 0;
}

/* What this process has seen itself is newer than the history. */
static void failed_before(struct world *w)
{
    (void)snprintf(w->run.error, sizeof w->run.error, "denied");
    w->table.extract.count = 0;
    w->last.none = false;
}

static void trying(struct world *w)
{
    w->table.trying[RUN_HISTORY_LOAD] = ERR_UNAVAILABLE;
}

static void unproven(struct world *w)
{
    (void)snprintf(w->run.status, sizeof w->run.status, "unproven");
    (void)snprintf(w->run.reason, sizeof w->run.reason, "ties");
}

static void throttled(struct world *w)
{
    w->status.breaker_until = NOW + WHEN_SECOND;
}

static void forbidden(struct world *w)
{
    w->refused.status = 403;
    w->status.refused = (struct refused_tables){&w->refused, 1};
}

/* Its last run failed for the same reason, which is told once. */
static void forbidden_and_failing(struct world *w)
{
    forbidden(w);
    failing(w);
}

static void unknown_table(struct world *w)
{
    w->refused.status = 404;
    w->status.refused = (struct refused_tables){&w->refused, 1};
}

static void full(struct world *w)
{
    w->last = (struct health_last){.table = TABLE, .code = ERR_FULL};
}

static void gap(struct world *w)
{
    w->table.gaps = 1;
    w->table.holes_since = LATE;
}

static void hole(struct world *w)
{
    w->table.holes = 1;
    w->table.holes_since = LATE;
}

static void held(struct world *w)
{
    w->table.held = 7;
}

static void damaged(struct world *w)
{
    w->table.damaged = 1;
}

static void wrong(struct world *w)
{
    w->table.wrong = 1;
    w->table.wrong_at = LATE;
    (void)snprintf(w->table.wrong_text, sizeof w->table.wrong_text, "3 keys are no integers");
}

static void not_pushed(struct world *w)
{
    w->status.pulled.is = true;
    w->status.pulled.pushed = NOW - 2 * 3600 * WHEN_SECOND;
    w->table.complete_to = w->status.pulled.pushed; /* late by what was pushed: not at all */
}

static void object_missing(struct world *w)
{
    w->status.pulled.is = true;
    w->status.pulled.pushed = NOW;
    w->status.pulled.gap = 12;
}

static void no_tables(struct world *w)
{
    w->status.count = 0;
}

static void closed(struct world *w)
{
    w->table.closed = ERR_IO;
    (void)snprintf(w->table.closed_text, sizeof w->table.closed_text, "permission denied");
    w->table.complete_to = LATE; /* of an earlier look: nothing that is known now */
}

/* A table that is no longer worked on. */
static void unlisted(struct world *w)
{
    stale(w);
    w->table.unlisted = true;
}

static const struct kind {
    const char *name;
    void (*make)(struct world *w);
    int code; /* of the one reason; -1: all is well */
    enum err_code gravest;
    const char *word, *sentence; /* a part of it */
} kinds[] = {
    {"nothing", nothing, -1, OK, "", "ok"},
    {"stale", stale, HEALTH_TABLE_STALE, ERR_UNAVAILABLE, "stale", "netty-extract runs"},
    {"never complete", never_complete, HEALTH_NEVER_COMPLETE, ERR_UNAVAILABLE, "never_complete",
     "has never been complete"},
    {"load stale", load_stale, HEALTH_LOAD_STALE, ERR_UNAVAILABLE, "load_stale", "netty-load runs"},
    {"never loaded", never_loaded, HEALTH_NEVER_LOADED, ERR_UNAVAILABLE, "never_loaded",
     "wait to be loaded since 2023-11-14T21:13:20"},
    {"failing", failing, HEALTH_FAILING, ERR_DENIED, "failing", "failed (denied)"},
    {"failed before", failed_before, -1, OK, "", "ok"},
    {"trying", trying, HEALTH_TRYING, ERR_UNAVAILABLE, "trying", "is tried again"},
    {"unproven", unproven, HEALTH_UNPROVEN, OK, "unproven", "complete (ties)"},
    {"throttled", throttled, HEALTH_THROTTLED, ERR_THROTTLED, "throttled", "left alone until"},
    {"forbidden", forbidden, HEALTH_FORBIDDEN, ERR_DENIED, "forbidden", "have it granted"},
    {"forbidden and failing", forbidden_and_failing, HEALTH_FORBIDDEN, ERR_DENIED, "forbidden",
     "have it granted"},
    {"unknown table", unknown_table, HEALTH_UNKNOWN_TABLE, ERR_CONFIG, "unknown_table",
     "correct its name"},
    {"full", full, HEALTH_FULL, ERR_FULL, "full", "its disk is full"},
    {"gap", gap, HEALTH_GAP, ERR_SET_ASIDE, "gap", "netty-extract --full contacts"},
    {"hole", hole, HEALTH_HOLE, ERR_SET_ASIDE, "hole", "netty-spool heal contacts"},
    {"held", held, HEALTH_HELD, ERR_SET_ASIDE, "held_deletions", "7 records of contacts are gone"},
    {"damaged", damaged, HEALTH_DAMAGED, ERR_SET_ASIDE, "damaged", "netty-spool verify"},
    {"wrong", wrong, HEALTH_WRONG, ERR_DATA, "wrong", "3 keys are no integers"},
    {"not pushed", not_pushed, HEALTH_NOT_PUSHED, ERR_UNAVAILABLE, "not_pushed", "from s3:place"},
    {"object missing", object_missing, HEALTH_OBJECT_MISSING, ERR_SET_ASIDE, "object_missing",
     "object 12 is missing at s3:place"},
    {"no tables", no_tables, HEALTH_NO_TABLES, ERR_CONFIG, "no_tables", "holds no table yet"},
    {"closed", closed, HEALTH_UNREADABLE, ERR_IO, "unreadable", "permission denied"},
    {"unlisted", unlisted, -1, OK, "", "ok"},
};

static const struct health_conf conf = {RUN_HISTORY_LOAD, 600 * WHEN_SECOND, LATE};

static void test_each_kind_alone_is_the_one_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *k = &kinds[i];
        struct world w;
        struct health h;
        struct buf line;
        world_init(&w);
        k->make(&w);
        health_check(&h, &conf, &w.status, &w.last, 1);
        buf_init(&line, 4096);
        assert_int_equal(health_line(&line, &h, &conf), OK);
        if (h.total != (k->code >= 0) || (h.total > 0 && (int)h.reasons[0].code != k->code) ||
            h.gravest != k->gravest || strstr(line.data, k->sentence) == NULL)
            fail_msg("%s: %zu reasons, the gravest %s: %s", k->name, h.total, err_word(h.gravest),
                     line.data);
        if (k->code >= 0)
            assert_string_equal(health_word((enum health_code)k->code), k->word);
        buf_free(&line);
    }
}

static void test_a_spool_that_cannot_be_read_is_not_well(void **state)
{
    struct health h;
    struct buf line;
    (void)state;
    health_unreadable(&h, ERR_IO);
    assert_int_equal(h.total, 1);
    assert_int_equal(h.gravest, ERR_IO);
    buf_init(&line, 4096);
    assert_int_equal(health_line(&line, &h, &conf), OK);
    assert_non_null(strstr(line.data, "the spool cannot be read"));
    buf_free(&line);
}

/* The kinds of before, each with a worse one: that stands first, whichever was found first. */
static void test_the_worst_comes_first(void **state)
{
    struct world w;
    struct health h;
    (void)state;
    world_init(&w);
    stale(&w);
    throttled(&w);
    held(&w);
    damaged(&w);
    gap(&w);
    health_check(&h, &conf, &w.status, &w.last, 1);
    static const enum health_code order[] = {HEALTH_GAP, HEALTH_DAMAGED, HEALTH_HELD,
                                             HEALTH_TABLE_STALE, HEALTH_THROTTLED};
    assert_int_equal(h.count, sizeof order / sizeof *order);
    for (size_t i = 0; i < h.count; i++)
        assert_int_equal(h.reasons[i].code, order[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_alone_is_the_one_reason),
        cmocka_unit_test(test_a_spool_that_cannot_be_read_is_not_well),
        cmocka_unit_test(test_the_worst_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

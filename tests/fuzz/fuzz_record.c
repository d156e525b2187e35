/* One record taken apart, and made a row of. */
#include "tests/fuzz/fuzz.h"

#include "load/row/row.h"
#include "shared/base/buf.h"

static struct json_splitter *splitter;
static struct json_splitter *general;
static struct row_builder *rowers[2];

static void fuzz_setup(void)
{
    struct err e = ERR_INIT;
    struct zone *zone;
    DEMAND(zone_open(&zone, "Europe/Paris", &e) == OK);
    DEMAND(json_splitter_open(&splitter, &e) == OK);
    DEMAND(json_splitter_open(&general, &e) == OK);
    for (int i = 0; i < 2; i++) {
        struct row_conf conf = {.key = "contact_id",
                                .key_min = INT32_MIN,
                                .key_max = INT32_MAX,
                                .zone = zone,
                                .replace_nul = i == 1};
        DEMAND(row_builder_open(&rowers[i], &conf, &e) == OK);
    }
}

static bool within(const char *p, size_t n, const struct record *r)
{
    return p >= r->text && n <= r->len && p + n <= r->text + r->len;
}

static void check_members(const struct record *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct member *m = &r->members[i];
        DEMAND(within(m->value, m->value_len, r) && m->value_len > 0);
        DEMAND(within(m->raw_name, m->raw_name_len, r) && m->raw_name_len >= 2);
        DEMAND(m->kind != JSON_STRING || (m->value[0] == '"' && m->value_len >= 2));
    }
}

/* What a row holds is a record again. */
static void check_row(struct row_builder *w, const char *line, size_t n)
{
    struct err e = ERR_INIT;
    struct buf data;
    struct row row = {0};
    struct row_refusal refusal = {0};
    struct record record;
    bool refused = false;
    buf_init(&data, 64 << 20);
    enum err_code rc = row_build(w, line, n, &data, &row, &refused, &refusal, &e);
    DEMAND(rc == OK);
    if (refused) {
        DEMAND(data.len == 0 && refusal.reason && refusal.message[0]);
    } else {
        DEMAND(row.data_len == data.len && row.key >= INT32_MIN && row.key <= INT32_MAX);
        DEMAND(json_splitter_run(splitter, data.data, data.len, &record, &e) == OK);
        DEMAND(!record_find(&record, "contact_id") && record_find(&record, "deleted"));
        DEMAND(!(record.flags & (RECORD_HAS_NUL | RECORD_LONE_SURROGATE)));
    }
    buf_free(&data);
}

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* The quick half says what the general one says. */
static void check_general(const char *text, size_t size, enum err_code rc, const struct record *r)
{
    struct err e = ERR_INIT;
    struct record other;
    DEMAND(json_splitter_run_general(general, text, size, &other, &e) == rc);
    if (rc != OK)
        return;
    DEMAND(r->count == other.count && r->flags == other.flags && r->text == other.text &&
           r->len == other.len);
    for (size_t i = 0; i < r->count; i++) {
        const struct member *a = &r->members[i];
        const struct member *b = &other.members[i];
        DEMAND(same_bytes(a->name, a->name_len, b->name, b->name_len));
        DEMAND(a->raw_name == b->raw_name && a->raw_name_len == b->raw_name_len);
        DEMAND(a->value == b->value && a->value_len == b->value_len && a->kind == b->kind);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct record record;
    char *exact = malloc(size ? size : 1);
    DEMAND(exact);
    memcpy(exact, data, size);
    enum err_code rc = json_splitter_run(splitter, exact, size, &record, &e);
    DEMAND(rc == OK || rc == ERR_DATA || rc == ERR_TOO_BIG);
    if (rc == OK)
        check_members(&record);
    check_general(exact, size, rc, &record);
    for (int i = 0; i < 2; i++)
        check_row(rowers[i], exact, size);
    free(exact);
    return 0;
}

/* The loader's list of missing records, its lines behind right sums: read, and put in another's place. */
#include "tests/fuzz/fuzz.h"

#include "shared/time/when.h"
#include "spool/inventory/missing_records.h"

static struct spool *spool;

static void fuzz_setup(void)
{
    spool = fuzz_spool();
}

/* Of how many other databases it tells. */
static size_t read_all(bool *own, bool *refused)
{
    struct err e = ERR_INIT;
    struct missing m;
    size_t others = 0;
    enum err_code rc = missing_read(spool, FUZZ_TABLE, &m, &e);
    DEMAND(rc == OK || rc == ERR_CONFIG || rc == ERR_TOO_BIG);
    *refused = rc != OK;
    for (size_t i = 0; rc == OK && i < m.count; i++) {
        const struct missing_entry *d = &m.entries[i];
        DEMAND(memchr(d->id, '\0', sizeof d->id) && d->count <= MISSING_MAX);
        int64_t sum = 0;
        for (size_t k = 0; k < d->count; k++)
            sum ^= d->rows[k].key ^ d->rows[k].time ^ d->rows[k].since;
        others += strcmp(d->id, "fuzz") != 0 || sum == WHEN_NONE;
    }
    const struct missing_entry *d = rc == OK ? missing_find(&m, "fuzz") : NULL;
    *own = d != NULL && d->count == 2 && d->rows[0].key == 17 && d->rows[1].time == WHEN_NONE;
    if (rc == OK)
        missing_free(&m);
    return others;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct missing_row rows[] = {{17, 5, 6}, {18, WHEN_NONE, WHEN_NONE}};
    static const struct missing_entry entry = {
        .id = "fuzz", .inventory_began = 1, .window = 1, .at = 1, .rows = rows, .count = 2};
    struct err e = ERR_INIT;
    struct buf text;
    bool own;
    bool refused;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    fuzz_write("spool/" FUZZ_TABLE "/" MISSING_FILE, text.data, text.len);
    buf_free(&text);
    size_t others = read_all(&own, &refused);
    if (refused)
        return 0;
    DEMAND(missing_store(spool, FUZZ_TABLE, &entry, &e) == OK);
    DEMAND(read_all(&own, &refused) == others && own && !refused);
    return 0;
}

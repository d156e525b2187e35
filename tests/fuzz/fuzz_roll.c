/* The roll of a reconcile, its lines behind right sums: read, taken over by a writer and gone on with. */
#include "tests/fuzz/fuzz.h"

#include "shared/time/when.h"
#include "spool/inventory/inventory.h"

static struct spool *spool;

static void fuzz_setup(void)
{
    spool = fuzz_spool();
}

struct seen {
    uint64_t lines[3];
    int64_t sum; /* so that each key is read */
};

static enum err_code on_line(void *ctx, const struct inventory_line *line, struct err *e)
{
    struct seen *seen = ctx;
    (void)e;
    DEMAND(line->number == ++seen->lines[line->kind]);
    for (size_t i = 0; i < line->count; i++)
        seen->sum ^= line->keys[i];
    for (size_t i = 0; i < line->deleted_count; i++)
        seen->sum ^= line->deleted[i];
    if (line->kind != INVENTORY_LOOKUP)
        return OK;
    for (size_t i = 0; i < line->lookup->absent_count; i++)
        seen->sum ^= line->lookup->absent[i].key ^ line->lookup->absent[i].time;
    for (size_t i = 0; i < line->lookup->present_count; i++)
        seen->sum ^= line->lookup->present[i];
    return OK;
}

static enum err_code read_all(struct inventory_state *state, struct seen *seen)
{
    struct err e = ERR_INIT;
    *seen = (struct seen){.sum = 0};
    enum err_code rc = inventory_read(spool, FUZZ_TABLE, state, on_line, seen, &e);
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG);
    if (rc != OK)
        return rc;
    DEMAND(state->there && strlen(state->position) <= PAGE_POSITION_MAX);
    DEMAND(state->pages == seen->lines[INVENTORY_PAGE] &&
           state->windows == seen->lines[INVENTORY_WINDOW] &&
           state->lookups == seen->lines[INVENTORY_LOOKUP]);
    return OK;
}

/* Whatever was there: what is acknowledged now is read back behind it. */
static void go_on(uint64_t pages)
{
    static const struct inventory_page page = {.fetched = 1,
                                               .clock = 1,
                                               .records = 2,
                                               .pass = 1,
                                               .complete_to = WHEN_NONE,
                                               .position = "{\"next\":1}"};
    static struct inventory_state state;
    struct inventory *r = NULL;
    struct seen seen;
    struct err e = ERR_INIT;
    DEMAND(inventory_open(&r, spool, FUZZ_TABLE, NULL, NULL, &e) == OK);
    if (inventory_state(r)->there)
        DEMAND(inventory_state(r)->pages == pages);
    else
        DEMAND(inventory_begin(r, &e) == OK);
    uint64_t before = inventory_state(r)->pages;
    DEMAND(inventory_key(r, INT64_MIN + 1, false, &e) == OK &&
           inventory_key(r, 4711, true, &e) == OK);
    DEMAND(inventory_page(r, &page, &e) == OK);
    inventory_close(r);
    DEMAND(read_all(&state, &seen) == OK);
    DEMAND(state.pages == before + 1 && strcmp(state.position, page.position) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct inventory_state state;
    struct seen seen;
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    /* Every other time a line that a crash has cut short. */
    size_t cut = size % 2 && text.len > 3 ? 3 : 0;
    fuzz_write("spool/" FUZZ_TABLE "/" INVENTORY_FILE, text.data, text.len - cut);
    buf_free(&text);
    if (read_all(&state, &seen) != ERR_CONFIG)
        go_on(state.pages);
    return 0;
}

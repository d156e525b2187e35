/* Dead letters, their lines behind right sums: read, added to, and filtered. */
#include "tests/fuzz/fuzz.h"

#include "spool/dead_letters/dead_letters.h"

static struct spool *spool;

struct seen {
    size_t letters;
    size_t intact;
    size_t added; /* the one that was added is there */
};

static void fuzz_setup(void)
{
    spool = fuzz_spool();
}

static enum err_code on_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct seen *seen = ctx;
    (void)e;
    DEMAND(letter->reason && letter->sqlstate && letter->message && letter->file);
    DEMAND(letter->raw || letter->raw_len == 0);
    seen->letters++;
    seen->intact += strcmp(letter->reason, "damaged") != 0;
    seen->added += strcmp(letter->reason, "fuzzed") == 0 && letter->raw_len == 3 &&
                   memcmp(letter->raw, "a\0b", 3) == 0;
    return OK;
}

static bool keep(void *ctx, const struct dead_letter *letter)
{
    (void)ctx;
    return letter->line % 2 == 1;
}

static struct seen read_all(void)
{
    struct err e = ERR_INIT;
    struct seen seen = {0};
    DEMAND(dead_each(spool, FUZZ_TABLE, DEAD_LOAD, on_letter, &seen, &e) == OK);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dead_letter letter = {.reason = "fuzzed",
                                              .sqlstate = "",
                                              .message = "m",
                                              .file = "",
                                              .raw = "a\0b",
                                              .raw_len = 3};
    struct err e = ERR_INIT;
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    /* Every other time a line that a crash has cut short. */
    size_t cut = size % 2 && text.len > 3 ? 3 : 0;
    fuzz_write("spool/" FUZZ_TABLE "/dead-load.ndjson", text.data, text.len - cut);
    buf_free(&text);
    struct seen before = read_all();
    DEMAND(dead_add(spool, FUZZ_TABLE, DEAD_LOAD, &letter, 1, &e) == OK);
    struct seen after = read_all();
    DEMAND(after.added == before.added + 1);
    /* Damaged lines may have been moved to a file of theirs (spool/dead_letters/dead_letter_repair.c). */
    DEMAND(after.intact > before.intact);
    DEMAND(dead_filter(spool, FUZZ_TABLE, DEAD_LOAD, keep, NULL, &e) == OK);
    DEMAND(read_all().letters <= after.letters);
    return 0;
}

/* The small files that tell what is loaded, pruned, healed and to be fetched again, their lines
 * behind right sums: each reader gets the same text. */
#include "tests/fuzz/fuzz.h"

#include "spool/control/loaded.h"
#include "spool/control/refetch.h"
#include "spool/segment/healed.h"
#include "spool/segment/pruned.h"

static struct spool *spool;
static char dir[128];

/* The identity is a known one, for loaded.json tells it too. */
static void fuzz_setup(void)
{
    static const char identity[] = "{\"netty_spool\":1,\"id\":\"0123456789abcdef0123456789abcdef\","
                                   "\"created\":\"2024-05-13T10:22:33.123456Z\"";
    struct err e = ERR_INIT;
    struct buf text;
    fuzz_quiet();
    fuzz_folder();
    (void)snprintf(dir, sizeof dir, "%s/spool", fuzz_dir);
    DEMAND(mkdir(dir, 0700) == 0);
    buf_init(&text, 1024);
    fuzz_add_sums(&text, identity, strlen(identity));
    fuzz_write("spool/spool.json", text.data, text.len);
    buf_free(&text);
    DEMAND(spool_open(&spool, dir, SPOOL_LOOK, &e) == OK);
    (void)snprintf(dir, sizeof dir, "%s/spool/" FUZZ_TABLE, fuzz_dir);
    DEMAND(mkdir(dir, 0700) == 0);
}

static void expect(enum err_code rc)
{
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG || rc == ERR_TOO_BIG);
}

static void read_all(void)
{
    static struct refetch wish;
    struct err e = ERR_INIT;
    struct loaded loaded = {0};
    uint64_t through = 0;
    bool answer = false;
    enum err_code rc = loaded_read(spool, FUZZ_TABLE, &loaded, &e);
    expect(rc);
    if (rc == OK) {
        struct page_place least = loaded_least(&loaded);
        for (size_t i = 0; i < loaded.count; i++)
            DEMAND(page_compare(least, loaded.entries[i].place) <= 0);
        loaded_free(&loaded);
    }
    rc = pruned_read(dir, &through, &e);
    expect(rc);
    DEMAND(rc == OK || through == 0);
    expect(healed_check(dir, &e));
    expect(healed_has(dir, (struct page_place){3, 7}, &answer, &e));
    rc = refetch_read(spool, FUZZ_TABLE, &wish, &answer, &e);
    expect(rc);
    DEMAND(rc != OK || !answer || strlen(wish.position) <= PAGE_POSITION_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"loaded", "pruned", "healed", "refetch"};
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "spool/" FUZZ_TABLE "/%s.json", names[i]);
        fuzz_write(name, text.data, text.len);
    }
    buf_free(&text);
    read_all();
    return 0;
}

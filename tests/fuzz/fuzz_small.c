/* The small files beside a table's segments: loaded.json, pruned.json, healed.json, refetch.json. */
#include "tests/fuzz/fuzz.h"

#include "shared/when.h"
#include "spool/healed.h"
#include "spool/loaded.h"
#include "spool/pruned.h"
#include "spool/refetch.h"

#define TABLE "contacts"

static struct spool *spool;
static char table_path[128];

static void fuzz_setup(void)
{
    static const char identity[] = "{\"netty_spool\":1,\"id\":\"00000000000000000000000000000000\"";
    struct err e = ERR_INIT;
    struct buf text;
    char path[100];
    fuzz_quiet();
    fuzz_folder();
    (void)snprintf(path, sizeof path, "%s/spool", fuzz_dir);
    DEMAND(mkdir(path, 0700) == 0);
    /* One that the corpus can name. */
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, identity, strlen(identity));
    fuzz_write("spool/spool.json", text.data, text.len);
    buf_free(&text);
    DEMAND(spool_open(&spool, path, SPOOL_LOOK, &e) == OK);
    (void)snprintf(table_path, sizeof table_path, "%s/" TABLE, path);
    DEMAND(mkdir(table_path, 0700) == 0);
}

static bool answers(enum err_code rc)
{
    return rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG;
}

static void read_loaded(void)
{
    struct err e = ERR_INIT;
    struct loaded l;
    enum err_code rc = loaded_read(spool, TABLE, &l, &e);
    DEMAND(answers(rc));
    struct page_place least = loaded_least(&l);
    for (size_t i = 0; rc == OK && i < l.count; i++)
        DEMAND(page_compare(least, l.entries[i].place) <= 0);
    loaded_free(&l);
}

static void read_places(void)
{
    struct err e = ERR_INIT;
    struct page_place place = {1, 1};
    uint64_t through;
    bool has;
    enum err_code rc = pruned_read(table_path, &through, &e);
    DEMAND(answers(rc) && (rc == OK || through == 0));
    DEMAND(answers(healed_check(table_path, &e)));
    DEMAND(answers(healed_has(table_path, place, &has, &e)));
}

static void read_wish(void)
{
    struct err e = ERR_INIT;
    static struct refetch r;
    bool there;
    enum err_code rc = refetch_read(spool, TABLE, &r, &there, &e);
    DEMAND(rc == ERR_CONFIG || (rc == OK && there));
    DEMAND(strlen(r.position) <= PAGE_POSITION_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    fuzz_write("spool/" TABLE "/" LOADED_FILE, text.data, text.len);
    fuzz_write("spool/" TABLE "/" PRUNED_FILE, text.data, text.len);
    fuzz_write("spool/" TABLE "/" HEALED_FILE, text.data, text.len);
    fuzz_write("spool/" TABLE "/" REFETCH_FILE, text.data, text.len);
    read_loaded();
    read_places();
    read_wish();
    buf_free(&text);
    return 0;
}

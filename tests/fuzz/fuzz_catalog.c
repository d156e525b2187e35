/* The catalog, its lines behind right sums, and spool.json. */
#include "tests/fuzz/fuzz.h"

#include "shared/base/table_names.h"
#include "spool/control/catalog.h"

static struct spool *spool;
static char spool_path[128];

static void fuzz_setup(void)
{
    struct err e = ERR_INIT;
    fuzz_quiet();
    fuzz_folder();
    (void)snprintf(spool_path, sizeof spool_path, "%s/spool", fuzz_dir);
    DEMAND(spool_open(&spool, spool_path, SPOOL_CREATE, &e) == OK);
    (void)snprintf(spool_path, sizeof spool_path, "%s/other", fuzz_dir);
    DEMAND(mkdir(spool_path, 0700) == 0);
}

static void read_catalog(const struct buf *text)
{
    struct err e = ERR_INIT;
    struct catalog c;
    fuzz_write("spool/catalog.json", text->data, text->len);
    enum err_code rc = catalog_read(spool, &c, &e);
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG || rc == ERR_TOO_BIG);
    DEMAND(rc == OK || e.msg[0]);
    for (size_t i = 0; rc == OK && i < c.count; i++) {
        DEMAND(names_check_table(c.entries[i].table, "the catalog", &e) == OK);
        DEMAND(catalog_find(&c, c.entries[i].table));
    }
    catalog_free(&c);
}

static void read_identity(const struct buf *text)
{
    struct err e = ERR_INIT;
    struct spool *other = NULL;
    fuzz_write("other/spool.json", text->data, text->len);
    enum err_code rc = spool_open(&other, spool_path, SPOOL_LOOK, &e);
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG || rc == ERR_TOO_BIG);
    if (rc == OK)
        DEMAND(strlen(spool_id(other)) == 32);
    spool_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    read_catalog(&text);
    read_identity(&text);
    buf_free(&text);
    return 0;
}

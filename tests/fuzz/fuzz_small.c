/* The small files that no other fuzzer reads: acked.json, moved.json, source.json, and what the last runs did,
 * their lines behind right sums. */
#include "tests/fuzz/fuzz.h"

#include "spool/control/api_source.h"
#include "spool/format/hint_file.h"
#include "spool/journal/acked.h"
#include "spool/journal/moved.h"
#include "spool/status/run_history.h"

static struct spool *spool;
static char table_path[128];

static void fuzz_setup(void)
{
    spool = fuzz_spool();
    (void)snprintf(table_path, sizeof table_path, "%s/spool/" FUZZ_TABLE, fuzz_dir);
}

/* A word that cannot be read tells nothing; only a later format is refused. */
static void read_words(void)
{
    struct err e = ERR_INIT;
    struct acked a;
    enum acked_state state;
    char line[HINT_FILE_MAX];
    size_t n;
    enum hint_file_state word;
    enum err_code rc = acked_read(table_path, &a, &state, &e);
    DEMAND(rc == OK || (rc == ERR_CONFIG && state == ACKED_DAMAGED));
    DEMAND(state == ACKED_KNOWN || (a.place.segment == 0 && a.place.page == 0 && !a.open));
    DEMAND(hint_file_read(table_path, ACKED_FILE, line, &n, &word, &e) == OK);
    DEMAND(word == HINT_FILE_KNOWN ? checksum_line_ok(line, n) && n < HINT_FILE_MAX
                                   : state != ACKED_KNOWN);
}

/* What a position has become is an object like it; of what cannot be it stays as it is. */
static void read_moved(void)
{
    static const char own[] =
        "{\"netty_crawl\":2,\"last\":17,\"marks\":[[\"}\",1]],\"next\":{\"a\":null}}";
    struct err e = ERR_INIT;
    struct moved m;
    struct buf now;
    enum err_code rc = moved_read(table_path, &m, &e);
    DEMAND(rc == OK || rc == ERR_CONFIG);
    DEMAND(m.n <= MOVED_CHANGES_MAX && !(m.damaged && m.n > 0));
    if (rc != OK || m.n == 0)
        return;
    buf_init(&now, PAGE_POSITION_MAX);
    DEMAND(moved_position(&now, &m, own, &e) == OK);
    DEMAND(now.len >= 2 && now.data[0] == '{' && now.data[now.len - 1] == '}');
    DEMAND(strncmp(now.data, "{\"netty_crawl\":", 15) == 0);
    buf_free(&now);
}

/* Another address than the file's is refused, and a run that may binds the spool anew. */
static void read_source(void)
{
    static const char url[] = "https://Api.Example:443/v1/";
    struct err e = ERR_INIT;
    enum err_code rc = api_source_check(spool, url, &e);
    DEMAND(rc == OK || rc == ERR_CONFIG);
    DEMAND(api_source_bind(spool, url, true, &e) == OK && api_source_check(spool, url, &e) == OK);
}

static void read_runs(void)
{
    struct err e = ERR_INIT;
    struct run_history runs = {0};
    for (unsigned side = 0; side < 2; side++) {
        DEMAND(run_history_read(spool, FUZZ_TABLE, (enum run_history_side)side, SIZE_MAX, &runs,
                                &e) == OK);
        DEMAND(runs.count <= RUN_HISTORY_BYTES / 50);
        for (size_t i = 0; i < runs.count; i++)
            DEMAND(strlen(runs.entries[i].kind) < RUN_HISTORY_WORD);
        run_history_free(&runs);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    fuzz_write("spool/" FUZZ_TABLE "/" ACKED_FILE, text.data, text.len);
    fuzz_write("spool/" FUZZ_TABLE "/" MOVED_FILE, text.data, text.len);
    fuzz_write("spool/" FUZZ_TABLE "/runs-extract.ndjson", text.data, text.len);
    fuzz_write("spool/" FUZZ_TABLE "/runs-load.ndjson", text.data, text.len);
    fuzz_write("spool/" API_SOURCE_FILE, text.data, text.len);
    read_words();
    read_moved();
    read_source();
    read_runs();
    buf_free(&text);
    return 0;
}

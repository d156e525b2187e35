/* The word on how much of the dead letters lasts, its line behind a right sum: whatever it says, no
 * letter that is whole is lost. Every other time the last line is one that a crash has cut short. */
#include "tests/fuzz/fuzz.h"

#include "shared/files/file_io.h"
#include "spool/dead_letters/dead_letter_repair.h"
#include "spool/dead_letters/dead_letters.h"
#include <glob.h>

#define FOLDER  "spool/" FUZZ_TABLE "/"
#define LETTERS 3
#define TORN    "{\"at\":\"2024-05-13T10:22:3"

static struct spool *spool;
static struct buf letters; /* the file */
static char letters_path[128];

static enum err_code count(void *ctx, const struct dead_letter *letter, struct err *e)
{
    size_t *intact = ctx;
    (void)e;
    *intact += strcmp(letter->reason, "fuzzed") == 0;
    return OK;
}

static void fuzz_setup(void)
{
    struct err e = ERR_INIT;
    spool = fuzz_spool();
    for (unsigned i = 0; i < LETTERS; i++) {
        struct dead_letter letter = {.at = (int64_t)i + 1,
                                     .reason = "fuzzed",
                                     .sqlstate = "",
                                     .message = "m",
                                     .file = "",
                                     .line = i,
                                     .raw = "abc",
                                     .raw_len = i};
        DEMAND(dead_add(spool, FUZZ_TABLE, DEAD_LOAD, &letter, 1, &e) == OK);
    }
    (void)snprintf(letters_path, sizeof letters_path, "%s/" FOLDER "dead-load.ndjson", fuzz_dir);
    buf_init(&letters, 1 << 16);
    DEMAND(io_read_file(letters_path, &letters, &e) == OK);
}

/* What was set aside as damaged: of the torn line alone. */
static void clear_aside(size_t most)
{
    char pattern[128];
    glob_t found;
    (void)snprintf(pattern, sizeof pattern, "%s/" FOLDER "dead-load.damaged.*", fuzz_dir);
    int rc = glob(pattern, GLOB_NOSORT, NULL, &found);
    DEMAND(rc == 0 || rc == GLOB_NOMATCH);
    DEMAND(rc == GLOB_NOMATCH || found.gl_pathc <= most);
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
        DEMAND(unlink(found.gl_pathv[i]) == 0);
    globfree(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct buf text;
    struct stat first;
    struct stat second;
    size_t intact = 0;
    bool torn = size % 2 == 1;
    buf_init(&text, SIZE_MAX);
    DEMAND(buf_add(&text, letters.data, letters.len) == OK);
    DEMAND(!torn || buf_adds(&text, TORN) == OK);
    fuzz_write(FOLDER "dead-load.ndjson", text.data, text.len);
    buf_reset(&text);
    fuzz_add_sums(&text, (const char *)data, size);
    fuzz_write(FOLDER "dead-load.acked", text.data, text.len);
    buf_free(&text);
    DEMAND(dead_settle(spool, FUZZ_TABLE, DEAD_LOAD, &e) == OK);
    DEMAND(dead_each(spool, FUZZ_TABLE, DEAD_LOAD, count, &intact, &e) == OK && intact == LETTERS);
    clear_aside(torn ? 1 : 0);
    /* Settled once, it stays as it is. */
    DEMAND(stat(letters_path, &first) == 0 && (size_t)first.st_size == letters.len);
    DEMAND(dead_settle(spool, FUZZ_TABLE, DEAD_LOAD, &e) == OK);
    DEMAND(stat(letters_path, &second) == 0 && first.st_ino == second.st_ino);
    clear_aside(0);
    return 0;
}

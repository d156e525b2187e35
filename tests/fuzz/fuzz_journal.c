/* A journal: its lines behind right sums, read as a file and one by one. */
#include "tests/fuzz/fuzz.h"

#include "shared/files/file_io.h"
#include "spool/journal/journal.h"
#include "spool/journal/journal_codec.h"

static void fuzz_setup(void)
{
    fuzz_quiet();
    fuzz_folder();
}

static void check(const struct journal_line *line)
{
    switch (line->kind) {
    case JOURNAL_HEADER:
        DEMAND(strlen(line->header.table) <= NAMES_TABLE_MAX);
        break;
    case JOURNAL_PAGE:
        DEMAND(line->page.place.page > 0);
        DEMAND(line->page.offset + line->page.bytes <= INT64_MAX);
        DEMAND(strlen(line->position) <= PAGE_POSITION_MAX);
        break;
    case JOURNAL_BAD:
        DEMAND(line->why && *line->why);
        break;
    case JOURNAL_FOOTER:
    case JOURNAL_BAD_END:
    case JOURNAL_END:
        break;
    }
}

static void read_file(void)
{
    struct err e = ERR_INIT;
    struct journal *j;
    const struct journal_line *line;
    DEMAND(journal_open(&j, fuzz_dir, 1, &e) == OK);
    do {
        enum err_code rc = journal_next(j, &line, &e);
        DEMAND(rc == OK || rc == ERR_CONFIG);
        if (rc != OK)
            break;
        check(line);
    } while (line->kind != JOURNAL_END);
    journal_close(j);
}

static void read_ends(void)
{
    struct err e = ERR_INIT;
    struct journal_header header;
    struct journal_footer footer;
    bool there;
    enum err_code rc = journal_read_header(fuzz_dir, 1, &header, &e);
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG);
    rc = journal_read_footer(fuzz_dir, 1, &footer, &there, &e);
    DEMAND(rc == OK || rc == ERR_DAMAGED || rc == ERR_CONFIG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char position[PAGE_POSITION_MAX + 1];
    struct journal_line line = {0};
    struct err e = ERR_INIT;
    struct buf text;
    buf_init(&text, SIZE_MAX);
    fuzz_add_sums(&text, (const char *)data, size);
    fuzz_write("0000000001.journal", text.data, text.len);
    read_file();
    read_ends();
    if (text.len > 0 && journal_decode(text.data, text.len - 1, &line, position, &e) == OK) {
        line.position = position;
        check(&line);
    }
    buf_free(&text);
    return 0;
}

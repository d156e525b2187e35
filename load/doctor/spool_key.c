#include "load/doctor/spool_key.h"
#include "shared/json/json_record.h"
#include "spool/reader/reader.h"

static enum spool_key look_into(const char *line, size_t n, const char *key)
{
    struct json_splitter *splitter = NULL;
    struct record record;
    struct err e = ERR_INIT;
    enum spool_key found = SPOOL_KEY_UNKNOWN;

    if (json_splitter_open(&splitter, &e) == OK &&
        json_splitter_run(splitter, line, n, &record, &e) == OK)
        found = record_find(&record, key) != NULL ? SPOOL_KEY_FOUND : SPOOL_KEY_MISSING;
    json_splitter_close(splitter);
    return found;
}

/* Looks at the first page with a record. Whatever is wrong with the spool, the load will report it. */
enum spool_key spool_key_look(const struct spool *s, const char *table, const char *key)
{
    struct reader *reader = NULL;
    const struct page_info *info;
    enum reader_what what = READER_PAGE;
    enum spool_key found = SPOOL_KEY_UNKNOWN;
    struct err e = ERR_INIT;
    bool held = false;

    if (s == NULL || spool_holds(s, table, &held, &e) != OK || !held ||
        reader_open(&reader, s, table, &e) != OK)
        return SPOOL_KEY_UNKNOWN;
    while (found == SPOOL_KEY_UNKNOWN && what != READER_END &&
           reader_next(reader, &info, &what, &e) == OK) {
        const char *line = NULL;
        size_t n = 0;
        if (what == READER_PAGE && reader_line(reader, &line, &n, &e) == OK && line != NULL)
            found = look_into(line, n, key);
    }
    reader_close(reader);
    return found;
}

#include "load/target/table_key.h"
#include "shared/base/table_names.h"
#include "spool/reader/reader.h"
#include <string.h>

static enum err_code add_page(struct record_key *k, struct reader *reader, struct err *e)
{
    struct err why = ERR_INIT;
    const char *line = NULL;
    size_t n = 0;

    record_key_next_page(k);
    while (reader_line(reader, &line, &n, &why) == OK && line != NULL &&
           record_key_records(k) < RECORD_KEY_RECORDS)
        if (record_key_add(k, line, n, e) != OK)
            return e->code;
    return OK;
}

/* Reads the first records. Damage is passed over; the load reports it. */
static enum err_code read_records(struct record_key *k, const struct spool *s, const char *table,
                                  struct err *e)
{
    struct reader *reader = NULL;
    const struct page_info *info;
    enum reader_what what = READER_PAGE;
    enum err_code rc = reader_open(&reader, s, table, e);

    while (rc == OK && what != READER_END && record_key_records(k) < RECORD_KEY_RECORDS) {
        struct err why = ERR_INIT;
        if ((rc = reader_next(reader, &info, &what, &why)) != OK)
            *e = why;
        else if (what == READER_PAGE)
            rc = add_page(k, reader, e);
    }
    reader_close(reader);
    return rc;
}

static enum err_code look(struct record_key **k, const struct spool *s, const char *table,
                          struct err *e)
{
    bool held = false;
    enum err_code rc = record_key_open(k, table, e);

    if (rc == OK && (rc = spool_holds(s, table, &held, e)) == OK && held)
        rc = read_records(*k, s, table, e);
    return rc;
}

enum err_code table_key_find(const struct spool *s, const char *table, char name[RECORD_KEY_NAME],
                             struct err *e)
{
    struct record_key *k = NULL;
    char usual[NAMES_TABLE_MAX + 8];
    char members[RECORD_KEY_TEXT];
    enum err_code rc = look(&k, s, table, e);
    const char *found = rc == OK ? record_key_name(k) : NULL;

    names_key(table, usual);
    /* A page may hold two versions of a record, so that no member tells any two of its lines apart. */
    if (rc == OK && found == NULL && record_key_has(k, usual))
        found = usual;
    if (rc == OK && found == NULL && record_key_records(k) > 0)
        rc = err_set(e, ERR_CONFIG,
                     "no member of the records of %s is their key, an integer that all have and no "
                     "two alike; they have %s: create the table netty-%s yourself",
                     table, record_key_members(k, members), table);
    if (rc == OK) {
        size_t n = strnlen(found != NULL ? found : usual, RECORD_KEY_NAME - 1);
        memcpy(name, found != NULL ? found : usual, n);
        name[n] = '\0';
    }
    record_key_close(k);
    return rc;
}

enum err_code table_key_check(const struct spool *s, const char *table, const char *key,
                              size_t least, struct err *e)
{
    struct record_key *k = NULL;
    char members[RECORD_KEY_TEXT];
    enum err_code rc = look(&k, s, table, e);

    if (rc == OK && record_key_records(k) >= least && !record_key_has(k, key))
        rc = err_set(e, ERR_CONFIG,
                     "the key column of netty-%s is %s, which as an integer none of the spool's "
                     "%zu first records has; they have %s: rename the column to the one that is "
                     "their key",
                     table, key, record_key_records(k), record_key_members(k, members));
    record_key_close(k);
    return rc;
}

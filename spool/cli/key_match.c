/* Finds one record's lines among a table's. */
#include "shared/base/table_names.h"
#include "spool/cli/spool_command.h"
#include "spool/control/catalog.h"
#include <errno.h>
#include <string.h>

/* The database's key column if the loader has recorded it, else the name that follows from the table's. */
enum err_code spool_command_key(const struct spool_command *c, const char *table,
                                char key[SPOOL_COMMAND_KEY_MAX], struct err *e)
{
    struct catalog catalog;
    struct err why = ERR_INIT;
    char usual[NAMES_TABLE_MAX + 8];
    enum err_code rc = catalog_read(c->spool, &catalog, &why);
    if (rc != OK && rc != ERR_DAMAGED && why.sys != ENOENT) {
        *e = why;
        return rc;
    }
    const struct catalog_entry *entry = rc == OK ? catalog_find(&catalog, table) : NULL;
    names_key(table, usual);
    const char *name = entry && strlen(entry->key) < SPOOL_COMMAND_KEY_MAX ? entry->key : usual;
    memcpy(key, name, strlen(name) + 1);
    catalog_free(&catalog);
    return OK;
}

static bool has_id(const struct record *r, const char *key, const char *id)
{
    const struct member *m = record_find(r, key);
    size_t n = strlen(id);
    if (!m)
        return false;
    bool quoted = m->kind == JSON_STRING && m->value_len >= 2;
    return m->value_len - 2 * (size_t)quoted == n && memcmp(m->value + quoted, id, n) == 0;
}

enum spool_command_match spool_command_match(struct json_splitter *s, const char *key,
                                             const char *id, const char *line, size_t n,
                                             struct record *r)
{
    /* Most lines are not about this record, which shows without parsing. */
    if (!memmem(line, n, id, strlen(id)))
        return SPOOL_COMMAND_OTHER;
    if (json_splitter_run(s, line, n, r, NULL) != OK)
        return SPOOL_COMMAND_UNREADABLE;
    return has_id(r, key, id) ? SPOOL_COMMAND_MATCH : SPOOL_COMMAND_OTHER;
}

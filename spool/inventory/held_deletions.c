#include "spool/inventory/held_deletions.h"

#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"
#include <string.h>

/* Ends the reading: the roll's header, which says when the roll began, has been read. */
static enum err_code enough(void *ctx, const struct inventory_line *line, struct err *e)
{
    bool *seen = ctx;
    (void)line;
    *seen = true;
    return err_set(e, ERR_BUSY, "enough");
}

static enum err_code began(const struct spool *s, const char *table, int64_t *at, struct err *e)
{
    struct inventory_state state = {.there = false};
    struct err why = ERR_INIT;
    bool seen = false;
    enum err_code rc = inventory_read(s, table, &state, enough, &seen, &why);
    *at = state.there ? state.began : 0;
    if (rc == OK || seen || rc == ERR_DAMAGED)
        return OK;
    *e = why;
    return rc;
}

static bool is_one_of(const struct loaded *of, const char *id)
{
    for (size_t i = 0; i < of->count; i++)
        if (strcmp(of->entries[i].id, id) == 0)
            return true;
    return false;
}

enum err_code held_deletions(const struct spool *s, const char *table, const struct loaded *of,
                             uint64_t *held, struct err *e)
{
    struct missing m;
    int64_t roll = 0;
    *held = 0;
    enum err_code rc = missing_read(s, table, &m, e);
    if (rc != OK)
        return rc;
    bool any = false;
    for (size_t i = 0; i < m.count; i++)
        any = any || (m.entries[i].held > 0 && is_one_of(of, m.entries[i].id));
    if (any)
        rc = began(s, table, &roll, e);
    for (size_t i = 0; any && rc == OK && i < m.count; i++) {
        const struct missing_entry *d = &m.entries[i];
        if (d->inventory_began == roll && d->held > *held && is_one_of(of, d->id))
            *held = d->held;
    }
    missing_free(&m);
    return rc;
}

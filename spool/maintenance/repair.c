#include "spool/maintenance/repair.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/api_source.h"
#include "spool/control/catalog.h"
#include "spool/control/loaded.h"
#include "spool/control/refetch.h"
#include "spool/dead_letters/dead_letter_repair.h"
#include "spool/dead_letters/dead_letters.h"
#include "spool/format/small_file.h"
#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"
#include "spool/journal/acked.h"
#include "spool/maintenance/seek_table_repair.h"
#include "spool/segment/healed.h"
#include "spool/segment/pruned.h"
#include "spool/segment/segment.h"
#include "spool/store/mirror.h"
#include "spool/store/table_dir.h"
#include <errno.h>

struct repair {
    const struct spool *spool;
    const char *table;
    const char *dir;
    bool dry_run;
    int64_t done;
};

static enum err_code drop(struct repair *m, const char *name, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = io_path(path, m->dir, name, e);
    m->done++;
    if (rc != OK || m->dry_run)
        return rc;
    if ((rc = safe_remove(path, e)) != OK)
        return rc;
    rc = io_sync_dir(m->dir, e);
    LOG(LOG_WARN, "heal", "a damaged file was removed; it is written anew when it is needed",
        F_STR("file", path));
    FAULT("damaged-removed");
    return rc;
}

/* Removes the file if it is damaged. rc and why: the result of reading it. ENOENT is no damage. */
static enum err_code drop_damaged(struct repair *m, const char *name, enum err_code rc,
                                  const struct err *why, struct err *e)
{
    if (rc == OK || why->sys == ENOENT)
        return OK;
    if (rc == ERR_DAMAGED)
        return drop(m, name, e);
    *e = *why;
    return rc;
}

static enum err_code repair_acked(struct repair *m, struct err *e)
{
    struct acked a;
    enum acked_state state;
    struct spool_lock *lock;
    struct err busy;
    enum err_code rc = acked_read(m->dir, &a, &state, e);
    if (rc != OK || state != ACKED_DAMAGED)
        return rc;
    if (m->dry_run) /* without the lock: taking it would write the process id */
        return drop(m, ACKED_FILE, e);
    if (spool_lock(&lock, m->spool, m->table, &busy) != OK)
        return OK;
    rc = drop(m, ACKED_FILE, e);
    spool_unlock(lock);
    return rc;
}

static enum err_code repair_refetch(struct repair *m, struct err *e)
{
    struct err why = ERR_INIT;
    struct refetch all = {.asked = when_now(), .low = WHEN_NONE};
    enum err_code rc = small_file_check(m->dir, REFETCH_FILE, &why);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (rc != ERR_DAMAGED) {
        *e = why;
        return rc;
    }
    if (spool_is_mirror(m->spool)) /* it is the pushed spool's, which has its own */
        return drop(m, REFETCH_FILE, e);
    m->done++;
    return m->dry_run ? OK : refetch_ask(m->spool, m->table, &all, e);
}

/* Repairs the roll under its lock. A reconcile at work holds the lock, and begins a damaged roll anew itself. */
static enum err_code repair_inventory(struct repair *m, struct err *e)
{
    static struct inventory_state state;
    struct err why = ERR_INIT;
    struct inventory *inventory;
    enum err_code rc = inventory_read(m->spool, m->table, &state, NULL, NULL, &why);
    if (rc == ERR_DAMAGED && !m->dry_run) {
        if ((rc = inventory_open(&inventory, m->spool, m->table, NULL, NULL, &why)) == ERR_BUSY)
            return OK;
        if (rc == OK) {
            if (!inventory_state(inventory)->there)
                rc = drop(m, INVENTORY_FILE, e);
            inventory_close(inventory);
            return rc;
        }
    }
    return drop_damaged(m, INVENTORY_FILE, rc, &why, e);
}

static enum err_code repair_reconcile(struct repair *m, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = repair_inventory(m, e);
    if (rc != OK)
        return rc;
    rc = missing_check(m->dir, m->table, &why);
    return drop_damaged(m, MISSING_FILE, rc, &why, e);
}

static void warn_undecided(const char *dir, const char *name, const char *how)
{
    LOG(LOG_WARN, "heal", "a damaged file stays, for a person has to decide", F_STR("file", name),
        F_STR("folder", dir), F_STR("how", how));
}

static enum err_code repair_small_files(struct repair *m, struct err *e)
{
    struct err why = ERR_INIT;
    struct loaded loaded;
    uint64_t through;
    enum err_code rc = pruned_read(m->dir, &through, &why);
    if ((rc = drop_damaged(m, PRUNED_FILE, rc, &why, e)) != OK)
        return rc;
    why = ERR_INIT;
    rc = healed_check(m->dir, &why);
    if ((rc = drop_damaged(m, HEALED_FILE, rc, &why, e)) != OK ||
        (rc = repair_refetch(m, e)) != OK || (rc = repair_acked(m, e)) != OK)
        return rc;
    why = ERR_INIT;
    rc = loaded_read(m->spool, m->table, &loaded, &why);
    if (rc == OK)
        loaded_free(&loaded);
    else if (rc == ERR_DAMAGED)
        warn_undecided(
            m->dir, LOADED_FILE,
            "remove it, and run netty-load once with each database that loads this spool");
    if (rc == OK || rc == ERR_DAMAGED)
        return OK;
    *e = why;
    return rc;
}

static enum err_code repair_dead_letters(struct repair *m, struct err *e)
{
    static const enum dead_side sides[] = {DEAD_EXTRACT, DEAD_LOAD};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        uint64_t damaged;
        enum err_code rc =
            dead_letters_repair(m->spool, m->table, sides[i], m->dry_run, &damaged, e);
        if (rc != OK)
            return rc;
        m->done += (int64_t)damaged;
    }
    return OK;
}

static enum err_code repair_seek_tables(struct repair *m, struct err *e)
{
    struct segment_list list;
    enum err_code rc = segment_list_read(&list, m->dir, e);
    if (rc != OK)
        return rc;
    for (size_t i = 0; rc == OK && i < list.count; i++) {
        bool repaired = false;
        if (list.entries[i].files & SEGMENT_HAS(SEGMENT_ZST))
            rc = seek_table_repair(m->dir, list.entries[i].number, m->dry_run, &repaired, e);
        m->done += repaired;
    }
    segment_list_free(&list);
    return rc;
}

enum err_code repair_table(const struct spool *s, const char *table, bool dry_run,
                           int64_t *repaired, struct err *e)
{
    char dir[IO_PATH];
    int lock;
    struct repair m = {.spool = s, .table = table, .dir = dir, .dry_run = dry_run};
    enum err_code rc = table_dir(dir, s, table, e);
    *repaired = 0;
    if (rc != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    if ((rc = repair_small_files(&m, e)) == OK && (rc = repair_reconcile(&m, e)) == OK &&
        (rc = repair_seek_tables(&m, e)) == OK)
        rc = repair_dead_letters(&m, e);
    small_file_unlock(lock);
    *repaired = m.done;
    return rc;
}

enum err_code repair_spool(const struct spool *s, bool dry_run, int64_t *repaired, struct err *e)
{
    struct catalog catalog;
    struct err why = ERR_INIT;
    struct repair m = {.spool = s, .dir = spool_dir(s), .dry_run = dry_run};
    enum err_code rc = catalog_read(s, &catalog, &why);
    catalog_free(&catalog);
    rc = drop_damaged(&m, CATALOG_FILE, rc, &why, e);
    *repaired = m.done;
    if (rc == OK && small_file_check(spool_dir(s), API_SOURCE_FILE, NULL) == ERR_DAMAGED)
        warn_undecided(spool_dir(s), API_SOURCE_FILE,
                       "run netty-extract --rebind with the right --base-url");
    return rc;
}

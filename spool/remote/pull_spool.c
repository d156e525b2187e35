/* What is made of the objects of one spool: its mirror. */
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/journal/acked.h"
#include "spool/remote/pull.h"
#include "spool/remote/pull_apply.h"
#include "spool/store/table_dir.h"
#include <string.h>
#include <unistd.h>

/* A power failure may leave acked.json damaged, and it is written again only when new pages come. Without the file a reader syncs
 * the journal before it acts. */
static enum err_code drop_damaged_acked(const struct spool *s, const char *table, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    struct acked acked;
    enum acked_state state;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK || (rc = acked_read(dir, &acked, &state, e)) != OK || state != ACKED_DAMAGED)
        return rc;
    if ((rc = io_path(path, dir, ACKED_FILE, e)) != OK)
        return rc;
    return safe_remove(path, e);
}

enum err_code pull_mend_hints(const struct spool *s, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = drop_damaged_acked(s, tables[i], e);
    spool_tables_free(tables, n);
    return rc;
}

struct one {
    const char *dir;
    const struct remote *remote;
    struct spool *spool; /* NULL: there is none yet */
};

/* A folder with a spool and no note is no mirror: its spool is fetched by an extractor. */
static enum err_code open_mirror(struct one *o, struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    enum err_code rc = spool_open(&o->spool, o->dir, SPOOL_LOOK, &why);
    if (rc == ERR_NO_SPOOL)
        return OK;
    if (rc != OK) {
        *e = why;
        return rc;
    }
    if ((rc = io_path(path, o->dir, PULL_NOTE, e)) != OK)
        return rc;
    if (access(path, F_OK) != 0)
        return err_set(e, ERR_CONFIG,
                       "the spool at %.500s was not pulled from anywhere: it would be mixed with "
                       "%.200s; name a "
                       "new folder (--spool)",
                       o->dir, remote_name(o->remote));
    return spool_check_writer(o->spool, e);
}

static enum err_code mend_spool(void *ctx, struct err *e)
{
    const struct one *o = ctx;
    return o->spool ? pull_mend_hints(o->spool, e) : OK;
}

static enum err_code check_spool(struct one *o, const struct object_head *h,
                                 const struct ship_note *note, struct err *e)
{
    if (o->spool && strcmp(spool_id(o->spool), h->spool) != 0)
        return err_set(e, ERR_CONFIG,
                       "%.300s holds another spool's objects than those that were pulled into "
                       "%.300s; name a new "
                       "folder (--spool)",
                       remote_name(o->remote), o->dir);
    if (o->spool)
        return OK;
    enum err_code rc = ship_note_write(note, o->dir, PULL_NOTE, e);
    if (rc != OK)
        return rc;
    FAULT("pull-noted");
    return spool_mirror(&o->spool, o->dir, h->spool, e);
}

static enum err_code take_spool(void *ctx, struct object_reader *r, bool held,
                                struct ship_note *note, struct pull_counts *counts, struct err *e)
{
    struct one *o = ctx;
    enum err_code rc = check_spool(o, object_head(r), note, e);
    (void)held; /* nothing ever is */
    return rc == OK ? pull_apply(o->spool, r, note, counts, e) : rc;
}

enum err_code pull_run(const char *dir, const struct remote *r, struct ship_report *report,
                       struct err *e)
{
    struct one one = {.dir = dir, .remote = r};
    const struct pull_target target = {
        .dir = dir, .note = dir, .ctx = &one, .begin = mend_spool, .take = take_spool};
    *report = (struct ship_report){.written = WHEN_NONE};
    enum err_code rc = open_mirror(&one, e);
    if (rc == OK)
        rc = pull_objects(&target, r, report, e);
    spool_close(one.spool);
    return rc;
}

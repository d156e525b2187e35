/* The dead letters that are removed because their record goes in: in a newer version, or after all. */
#include "load/batch/batch_builder_private.h"
#include "shared/log/log.h"

static struct dead_version version_of(const struct batch_row *r)
{
    return (struct dead_version){
        .key = r->row.key, .time = r->row.time_modified, .place = r->place, .line = r->line};
}

/* Logs that dead letters could not be removed. A load does not fail because of that: a loader that cannot write into the spool could not have added
 * them either. */
static void report(struct batch_builder *f, const struct err *e)
{
    LOG(LOG_WARN, "overtaken",
        "newer versions of dead letters are in, and these could not be taken off the list",
        F_STR("table", f->table), F_ERR(e));
}

static bool look(struct batch_builder *f)
{
    struct err e = ERR_INIT;
    uint64_t letters = batch_builder_new_letters(f) + f->gone;

    if (f->looked && (letters == f->letters || f->redrive != NULL))
        return dead_overtaken_watched(f->overtaken) > 0;
    f->looked = dead_overtaken_refresh(f->overtaken, &e) == OK;
    f->letters = letters;
    if (!f->looked)
        report(f, &e);
    return f->looked && dead_overtaken_watched(f->overtaken) > 0;
}

static void note(struct batch_builder *f, const struct batch_slot *slot, unsigned lanes)
{
    for (size_t i = 0; i < batch_rows(slot->batch); i++) {
        const struct batch_row *r = batch_came(slot->batch, i);
        if ((lanes >> lane_of(r->row.key) & 1u) == 0 ||
            rejects_has(slot->rejects, r->place, r->line))
            continue;
        struct dead_version v = version_of(r);
        dead_overtaken_note(f->overtaken, &v);
    }
}

static void remove_marked(struct batch_builder *f)
{
    struct err e = ERR_INIT;
    uint64_t recent = 0;

    if (dead_overtaken_remove(f->overtaken, &recent, &e) != OK)
        report(f, &e);
    f->gone += recent;
}

void batch_builder_drop_letters(struct batch_builder *f, const struct batch_slot *slot,
                                unsigned lanes)
{
    if (f->conf.dry_run || batch_rows(slot->batch) == 0 || !look(f))
        return;
    note(f, slot, lanes);
    if (f->redrive == NULL) /* else when all is through: the file is being read */
        remove_marked(f);
}

void batch_builder_drop_redriven(struct batch_builder *f)
{
    if (!f->conf.dry_run)
        remove_marked(f);
}

static bool has_newer(const struct batch_slot *slot, const struct dead_version *dead)
{
    const struct batch_row *r = batch_find(slot->batch, dead->key);

    if (r == NULL || (slot->judged >> lane_of(r->row.key) & 1u) == 0 ||
        rejects_has(slot->rejects, r->place, r->line))
        return false;
    struct dead_version in = version_of(r);
    return dead_version_overtakes(&in, dead);
}

/* Looks at rows that are in, or whose COMMIT is next. A row that comes later will find the letter in the file. */
bool batch_builder_overtakes(void *ctx, const struct dead_letter *letter)
{
    struct batch_builder *f = ctx;
    struct dead_version dead;

    if (!dead_version_read(&dead, letter, f->key, f->conf.row.zone))
        return false;
    return has_newer(&f->slots[0], &dead) || has_newer(&f->slots[1], &dead);
}

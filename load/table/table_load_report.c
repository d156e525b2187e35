/* What a load reports: how far it is, and at its end the records that are not as they should be. */
#include "load/table/table_load_private.h"
#include "shared/log/log.h"

void table_load_note_odd_times(struct table_load *t, const struct batch_slot *lot)
{
    const struct batch_odd_times *new = &lot->odd_times;
    struct batch_odd_times *all = &t->odd_times;

    if (all->records == 0)
        all->key = new->key;
    all->records += new->records;
    all->created += new->created;
    all->modified += new->modified;
}

static void report_set_aside(struct table_load *t)
{
    char text[DEAD_REASONS_TEXT];

    if (t->set_aside.total == 0)
        return;
    LOG(LOG_WARN, "set-aside",
        t->conf.dry_run ? "records would be set aside as dead letters"
        : t->conf.redrive
            ? "dead letters are still refused, and stay"
            : "records were set aside as dead letters; netty-spool dead lists them, and what to "
              "do about each",
        F_STR("table", t->name), F_INT("records", t->set_aside.total),
        F_STR("reasons", dead_reasons_text(&t->set_aside, text)));
    dead_reasons_clear(&t->set_aside);
}

void table_load_report(struct table_load *t)
{
    const struct batch_odd_times *odd = &t->odd_times;

    if (odd->records > 0)
        LOG(LOG_WARN, "odd-time",
            "records have a time in no form that is known: it counts as none, and the records are "
            "in",
            F_STR("table", t->name), F_INT("records", odd->records), F_INT("first_key", odd->key),
            F_INT("time_created", odd->created), F_INT("time_modified", odd->modified));
    t->odd_times = (struct batch_odd_times){0};
    report_set_aside(t);
}

bool table_load_span(const struct table_load *t, struct page_place *from, struct page_place *at)
{
    if (!t->found || t->builder == NULL || t->hole != SIZE_MAX)
        return false;
    *from = (struct page_place){0, 0};
    if (!t->conf.replay && !t->conf.redrive && !t->reload)
        *from = table_load_least(&t->stands).place;
    *at = page_compare(t->committed.place, *from) < 0 ? *from : t->committed.place;
    return true;
}

/* What a load says at its end of the records that are not as they should be. */
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
}

#include "spool/status/last_run_metrics.h"

#include "shared/base/err.h"
#include "shared/time/when.h"
#include <string.h>

#define SECONDS(us) ((double)(us) / (double)WHEN_SECOND)

void last_run_set(struct metrics *m, const struct last_run_metrics *to,
                  const struct status_table *t)
{
    const struct run_history *runs = to->side == RUN_HISTORY_LOAD ? &t->load : &t->extract;
    enum dead_side side = to->side == RUN_HISTORY_LOAD ? DEAD_LOAD : DEAD_EXTRACT;
    for (size_t i = 0; i < t->reasons_count; i++)
        if (t->reasons[i].side == side)
            metrics_add(m, to->dead_letters, t->name, t->reasons[i].reason,
                        (double)t->reasons[i].count);
    if (runs->count == 0)
        return;
    const struct run_history_entry *last = &runs->entries[runs->count - 1];
    bool good = last->error[0] == 0 || strcmp(last->error, err_word(ERR_INTERRUPTED)) == 0;
    metrics_set(m, to->duration, t->name, NULL, SECONDS(last->busy));
    metrics_set(m, to->timestamp, t->name, NULL, SECONDS(last->ended));
    metrics_set(m, to->success, t->name, NULL, good);
}

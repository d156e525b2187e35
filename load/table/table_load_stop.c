/* How a load ends that was asked to stop: by itself, or else its statement is cancelled, within the time that systemd and containers (10 s) give a
 * program to end. */
#include "load/table/table_load_private.h"
#include "shared/log/log.h"

#define GRACE_MS 3000u /* for the statement under way to end by itself; ... */
#define LOOK_MS  100u  /* ... for one that only looks at the table */
#define ASK_MS   1000u /* between two cancellations */
#define ASK_MOST 4u    /* then the connection is dropped */

void table_load_interrupted(struct table_load *t)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_INTERRUPTED, "stopped before the end; the next run goes on from there");
    table_load_give_up(t, &err);
}

/* The statement under way has taken too long: cancels it. */
static void on_stop_timeout(uv_timer_t *timer)
{
    struct table_load *t = timer->data;

    if (t->cancels++ < ASK_MOST) {
        LOG(t->cancels == 1 ? LOG_INFO : LOG_DEBUG, "cancel",
            "asked to stop, and the database is still at a statement: it is cancelled",
            F_STR("table", t->name));
        if (!parallel_upsert_cancel(t->upsert))
            db_cancel(t->db);
        return;
    }
    parallel_upsert_drop(t->upsert);
    db_drop(t->db); /* nobody calls back then */
    table_load_interrupted(t);
}

void table_load_stop(struct table_load *t)
{
    if (t->stopping)
        return;
    t->stopping = true;
    if (t->state == TABLE_LOAD_CONNECTING)
        db_drop(t->db);
    if (t->state == TABLE_LOAD_CONNECTING || t->state == TABLE_LOAD_WAITING)
        table_load_resume_after(t, 0);
    if (t->state != TABLE_LOAD_TALKING)
        return;
    if (!t->found)
        target_table_stop(t->target);
    (void)uv_timer_start(&t->timer, on_stop_timeout, t->found ? GRACE_MS : LOOK_MS, ASK_MS);
}

/* Asks the server to cancel the statement under way. */
#include "load/database/db_private.h"
#include <pthread.h>
#include <signal.h>

/* For this libpq makes a connection, which blocks. So it is done in a thread of its own that nothing waits for. The program's end may cut it
 * off, so the thread logs nothing. If it fails, the statement goes on, and the caller asks again. */
static void *send_cancel(void *ctx)
{
    char why[256];

    (void)PQcancel(ctx, why, sizeof why);
    PQfreeCancel(ctx);
    return NULL;
}

void db_cancel(struct db *d)
{
    PGcancel *cancel = NULL;
    pthread_attr_t detached;
    pthread_t thread;
    sigset_t all;
    sigset_t before;

    if ((d->state != DB_STATEMENT && d->state != DB_COPYING) ||
        (cancel = PQgetCancel(d->conn)) == NULL)
        return;
    /* The program's signals are the loop's; SIGPIPE of a socket that closes is nobody's. */
    (void)sigfillset(&all);
    if (pthread_attr_init(&detached) != 0) {
        PQfreeCancel(cancel);
        return;
    }
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) != 0 ||
        pthread_create(&thread, &detached, send_cancel, cancel) != 0)
        PQfreeCancel(cancel);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&detached);
}

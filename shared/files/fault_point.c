#include "shared/files/fault_point.h"

#ifdef NETTY_FAULTS
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char wanted[64];
static long left;

static void read_wish(void)
{
    const char *wish = getenv("NETTY_FAULT");
    if (!wish)
        return;
    size_t n = strcspn(wish, ":");
    if (n >= sizeof wanted)
        return;
    memcpy(wanted, wish, n);
    left = wish[n] ? strtol(wish + n + 1, NULL, 10) : 1;
}

void fault_point(const char *name)
{
    if (pthread_once(&once, read_wish) != 0 || strcmp(name, wanted) != 0)
        return;
    if (pthread_mutex_lock(&mutex) != 0)
        return;
    bool now = --left == 0;
    if (pthread_mutex_unlock(&mutex) != 0 || !now)
        return;
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}
#else
/* A translation unit must declare something. */
extern int fault_unused;
#endif

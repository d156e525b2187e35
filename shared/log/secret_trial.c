#include "shared/log/secret_trial.h"
#include <stdlib.h>

#ifdef NETTY_FAULTS
/* A test does not wait ten minutes: NETTY_FAULT_TRIAL has the seconds that a test build takes instead. */
static int64_t shorter(int64_t usual)
{
    const char *wish = getenv("NETTY_FAULT_TRIAL");
    return wish != NULL ? strtoll(wish, NULL, 10) * 1000000 * usual / SECRET_TRIAL_TIME : usual;
}
#else
#define shorter(usual) (usual)
#endif

void secret_trial_renewed(struct secret_trial *t)
{
    *t = (struct secret_trial){.counts = true};
}

void secret_trial_worked(struct secret_trial *t)
{
    *t = (struct secret_trial){.counts = true};
}

bool secret_trial_refused(struct secret_trial *t, int64_t now)
{
    if (!t->counts)
        return false;
    if (!t->refused)
        t->since = now;
    t->refused = true;
    return now - t->since >= shorter(SECRET_TRIAL_TIME);
}

int64_t secret_trial_pause(const struct secret_trial *t, int64_t pause)
{
    return t->refused && pause > shorter(SECRET_TRIAL_PAUSE) ? shorter(SECRET_TRIAL_PAUSE) : pause;
}

#include "shared/log/secret_trial.h"

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
    return now - t->since >= SECRET_TRIAL_TIME;
}

int64_t secret_trial_pause(const struct secret_trial *t, int64_t pause)
{
    return t->refused && pause > SECRET_TRIAL_PAUSE ? SECRET_TRIAL_PAUSE : pause;
}

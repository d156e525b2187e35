/*
 * How long a program that stays running goes on with a secret that the server refuses.
 *
 *     struct secret_trial t = {0};
 *     secret_trial_renewed(&t);                   // the secret has changed in its file
 *     secret_trial_worked(&t);                    // it was taken
 *     if (secret_trial_refused(&t, when_tick()))  // it was not
 *         end the program with 77;
 *     pause = secret_trial_pause(&t, pause);
 *
 * People change a secret in one place first: at the server, or in the file. So a secret that has changed, or that has worked
 * before, is on trial: it is tried for SECRET_TRIAL_TIME, once each SECRET_TRIAL_PAUSE, and its file is read before each
 * try. After that a person is needed. A secret that never worked and has not changed is not on trial: the caller decides
 * what its refusal means.
 */
#ifndef NETTY_SHARED_LOG_SECRET_TRIAL_H
#define NETTY_SHARED_LOG_SECRET_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#define SECRET_TRIAL_PAUSE (INT64_C(60) * 1000000)  /* microseconds */
#define SECRET_TRIAL_TIME  (INT64_C(600) * 1000000) /* microseconds */

struct secret_trial {
    bool counts; /* the secret has changed, or has worked */
    bool refused;
    int64_t since; /* when it was first refused, by when_tick */
};

void secret_trial_renewed(struct secret_trial *t);
void secret_trial_worked(struct secret_trial *t);
/* Returns true when the secret has been refused for too long. */
bool secret_trial_refused(struct secret_trial *t, int64_t now);
/* Returns the pause before the next try: the caller's, or a shorter one while the secret is on trial. Microseconds. */
int64_t secret_trial_pause(const struct secret_trial *t, int64_t pause);

#endif

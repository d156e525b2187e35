/*
 * netty-load --check: connects, looks, says what is well and what to change. Writes nothing, in the
 * database or in the spool, which it does not need. Works through any pooler.
 *
 *     check_open(&c, loop, &conf, e);
 *     check_start(c, ended, ctx);         // ended(ctx) once, from the loop
 *     check_report(c, stdout, e);
 *     check_exit(c);                      // 0: nothing is wrong; 69 unreachable, 77 permissions, 78
 *                                         // settings and tables
 *     check_close(c);                     // the memory goes with the loop's handles
 *
 * One try, no retries: who asks is there to see. A pooler shows itself by a backend that is another
 * than the one it announced; a second connection that is given the first one's backend, while that
 * one is still connected, proves transaction mode.
 */
#ifndef NETTY_LOAD_DOCTOR_DOCTOR_H
#define NETTY_LOAD_DOCTOR_DOCTOR_H

#include "load/doctor/doctor_conf.h"
#include "shared/base/err.h"
#include <stddef.h>
#include <stdio.h>
#include <uv.h>

struct check;
typedef void check_ended_fn(void *ctx);

enum err_code check_open(struct check **c, uv_loop_t *loop, const struct check_conf *conf,
                         struct err *e) MUST_CHECK;
void check_start(struct check *c, check_ended_fn *ended, void *ctx);
void check_stop(struct check *c); /* ends it soon */
enum err_code check_report(const struct check *c, FILE *out, struct err *e) MUST_CHECK;
int check_exit(const struct check *c);
void check_close(struct check *c); /* after its end */

#endif

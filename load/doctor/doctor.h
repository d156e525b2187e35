/*
 * netty-load doctor: connects, looks, and says what is well and what to change. Writes nothing in the database or in the spool; the spool
 * may be missing. Works through any pooler.
 *
 *     doctor_open(&c, loop, &conf, e);
 *     doctor_start(c, ended, ctx);         // ended(ctx) once, from the loop
 *     doctor_report(c, stdout, e);
 *     doctor_exit(c);                      // 0: nothing is wrong; 69 unreachable, 77 permissions, 78
 *                                         // settings and tables
 *     doctor_close(c);                     // the memory goes with the loop's handles
 *
 * Nothing is tried again, since the person who asks is there. A pooler is recognized by a backend that is another one than was announced when
 * connecting. If a second connection gets the first one's backend while the first is still connected, the pooler is in transaction mode.
 */
#ifndef NETTY_LOAD_DOCTOR_DOCTOR_H
#define NETTY_LOAD_DOCTOR_DOCTOR_H

#include "load/doctor/doctor_conf.h"
#include "shared/base/err.h"
#include <stddef.h>
#include <stdio.h>
#include <uv.h>

struct doctor;
typedef void doctor_ended_fn(void *ctx);

enum err_code doctor_open(struct doctor **c, uv_loop_t *loop, const struct doctor_conf *conf,
                          struct err *e) MUST_CHECK;
void doctor_start(struct doctor *c, doctor_ended_fn *ended, void *ctx);
void doctor_stop(struct doctor *c); /* ends it soon */
enum err_code doctor_report(const struct doctor *c, FILE *out, struct err *e) MUST_CHECK;
int doctor_exit(const struct doctor *c);
void doctor_close(struct doctor *c); /* after its end */

#endif

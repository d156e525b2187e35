/*
 * From what netty-load --check has seen to its findings. No input or output; doctor.c asks, this
 * judges.
 */
#ifndef NETTY_LOAD_DOCTOR_DIAGNOSIS_H
#define NETTY_LOAD_DOCTOR_DIAGNOSIS_H

#include "load/command/findings.h"
#include "load/database/db.h"
#include "load/doctor/doctor_conf.h"
#include "load/doctor/server_address.h"

enum pooling {
    POOLING_NONE,
    POOLING_SOME,       /* a pooler; its mode did not show */
    POOLING_TRANSACTION /* its mode showed */
};

void judge_address(struct findings *f, const struct address *a);
void judge_no_connection(struct findings *f, const struct address *a, const struct err *err);
void judge_tls(struct findings *f, const struct address *a, bool tls);
void judge_pooling(struct findings *f, const struct address *a, enum pooling pooling);
/* A row of sql_check. */
void judge_server(struct findings *f, const PGresult *r);
void judge_rights(struct findings *f, const PGresult *r);
/* sql_list_tables and sql_check_tables; session is sql_check's row. */
void judge_tables(struct findings *f, const struct check_conf *conf, const PGresult *session,
                  const PGresult *list);
void judge_hints(struct findings *f, const struct check_conf *conf, const PGresult *hints);

#endif

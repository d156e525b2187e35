/*
 * Makes findings of what netty-load doctor has seen. No input or output: doctor.c asks, and these functions judge.
 */
#ifndef NETTY_LOAD_DOCTOR_DIAGNOSIS_H
#define NETTY_LOAD_DOCTOR_DIAGNOSIS_H

#include "load/command/findings.h"
#include "load/database/db.h"
#include "load/doctor/doctor_conf.h"
#include "load/doctor/server_address.h"
#include "load/doctor/spool_key.h"

enum pooling {
    POOLING_NONE,
    POOLING_SOME,        /* a pooler; its mode did not show */
    POOLING_TRANSACTION, /* its mode showed */
    POOLING_STATEMENT    /* it refuses transactions */
};

void diagnose_address(struct findings *f, const struct server_address *a);
void diagnose_no_connection(struct findings *f, const struct server_address *a,
                            const struct err *err);
void diagnose_tls(struct findings *f, const struct server_address *a, bool tls);
void diagnose_pooling(struct findings *f, const struct server_address *a, enum pooling pooling);
/* Judge a row of sql_check. */
void diagnose_server(struct findings *f, const PGresult *r);
void diagnose_rights(struct findings *f, const PGresult *r);
/* sql_list_tables and sql_check_tables; session is sql_check's row. */
void diagnose_tables(struct findings *f, const struct doctor_conf *conf, const PGresult *session,
                     const PGresult *list);
/* A record's key is the member with the name of the key column. Judges whether the spool's records have it. */
void diagnose_key(struct findings *f, const PGresult *list, int row, enum spool_key seen);
void diagnose_hints(struct findings *f, const struct doctor_conf *conf, const PGresult *hints);
/* Rows of sql_check_access, and of sql_check_views. */
void diagnose_access(struct findings *f, const struct doctor_conf *conf, const PGresult *r);
/* From sql_check's row: returns true if the server is no standby, and transactions are not read-only. */
bool diagnosis_may_write(const PGresult *r);
/* Returns true if the bookkeeping is there, too, and the role may use it. */
bool diagnosis_keeps_progress(const PGresult *r);
/* Returns true if the table of the row can be loaded and was asked for. */
bool diagnosis_may_try(const struct doctor_conf *conf, const PGresult *list, int row);

#endif

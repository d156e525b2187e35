/* What netty-load doctor is asked to look at: the server, and these tables. All texts are the caller's. */
#ifndef NETTY_LOAD_DOCTOR_DOCTOR_CONF_H
#define NETTY_LOAD_DOCTOR_DOCTOR_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct spool;

struct doctor_conf {
    const char *conninfo; /* NULL: libpq's environment */
    const char *schema;   /* where the tables are; NULL: what search_path shows */
    const char *const *tables;
    size_t count;             /* 0: all netty-* tables */
    bool create;              /* --create-tables: those that are missing will be made */
    const char *views_schema; /* --views-schema; NULL: the one that the tables' schema names */
    bool views;               /* --views: this role has to be able to change the views */
    bool json;
    const struct spool *spool; /* whose records are looked at for their keys; NULL: none */
    const char *config;        /* the configuration file that was read, or NULL */
    const char *account;       /* whose section of it holds, or NULL */
    bool each; /* all accounts are looked at in turn: each line begins with the account */
};

#endif

/*
 * Where the settings say that the database is. For netty-load doctor, which has to speak of that even if it cannot connect.
 *
 *     server_address_read(&a, conninfo, e);        // conninfo, else its service, else libpq's environment, else its defaults
 *     server_address_resolve(&a);                  // blocks; fills v4, v6, trouble
 */
#ifndef NETTY_LOAD_DOCTOR_SERVER_ADDRESS_H
#define NETTY_LOAD_DOCTOR_SERVER_ADDRESS_H

#include "shared/base/err.h"

/* Supabase's kinds of addresses, recognized by name and port. What a connection shows counts more. */
enum supabase {
    SUPABASE_NOT,
    SUPABASE_DIRECT,      /* db.PROJECT.supabase.co: PostgreSQL itself, on IPv6 */
    SUPABASE_SESSION,     /* *.pooler.supabase.com:5432 */
    SUPABASE_TRANSACTION, /* *.pooler.supabase.com:6543 */
};

struct server_address {
    char host[256]; /* the first of several; "" or with a leading /: a local socket */
    char port[16];
    char sslmode[16];
    enum supabase supabase;
    bool local;    /* a socket, or this machine's loopback by name or number */
    bool v4, v6;   /* the name resolves to IPv4, to IPv6 addresses */
    char why[128]; /* why the name does not resolve, or "" */
};

/* ERR_CONFIG for a connection string that libpq cannot read. */
enum err_code server_address_read(struct server_address *a, const char *conninfo,
                                  struct err *e) MUST_CHECK;
enum supabase server_address_supabase(const char *host, const char *port);
void server_address_resolve(struct server_address *a);

#endif

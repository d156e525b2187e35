/*
 * Which hosts of a connection string are left to try, after a host that accepted the connection and then said nothing. libpq goes
 * on to the next host by itself only if a host refuses the connection.
 *
 *     db_hosts_note(&tried, host, port, address, &again);   // the host that is being tried
 *     db_hosts_left(&left, host, hostaddr, port, &tried, db_hosts_resolve);   // libpq's settings
 *     left.count > 0: left.host, left.hostaddr and left.port are settings for another try
 *     db_hosts_free(&left);
 *
 * A name stands for each of its addresses. These calls block while names are resolved, as libpq does.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_HOSTS_H
#define NETTY_LOAD_ADDRESS_DB_HOSTS_H

#include "shared/base/buf.h"

struct db_hosts {
    struct buf host, hostaddr, port; /* comma-separated, as many each */
    size_t count;
};

/* Adds the numeric addresses of a name (or of a numeric address) to out, each followed by a comma. */
typedef enum err_code db_resolve_fn(const char *name, struct buf *out);
enum err_code db_hosts_resolve(const char *name, struct buf *out) MUST_CHECK;

/* tried is a buffer of the caller's. *again becomes true if the host was in it already. address is "" if there is none. */
enum err_code db_hosts_note(struct buf *tried, const char *host, const char *port,
                            const char *address, bool *again) MUST_CHECK;

/* The settings may be NULL. Fills left, which the caller frees, also after a failure. */
enum err_code db_hosts_left(struct db_hosts *left, const char *host, const char *hostaddr,
                            const char *port, const struct buf *tried,
                            db_resolve_fn *resolve) MUST_CHECK;
void db_hosts_free(struct db_hosts *h);

#endif

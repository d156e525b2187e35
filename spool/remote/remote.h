/*
 * REMOTE: a place that holds objects, named in rclone's words ("s3:bucket/prefix", "sftp:…", a folder). rclone, a child process, moves
 * single files there and back; credentials, time limits, retries and encryption are its own business.
 *
 *     remote_open(&r, "s3:bucket/prefix", e);
 *     remote_look(r, "0000000007.netty", &seen, e);
 *     remote_put(r, "0000000007.netty", path, e);        // of a finished file
 *     remote_get(r, "0000000007.netty", path, &there, e);
 *     remote_later(r, 7, &number, e);
 *     remote_close(r);
 *
 * Errors, with rclone's last words: ERR_UNAVAILABLE where the network or the store is away, ERR_DENIED where the store refuses,
 * ERR_FULL where it is full, ERR_CONFIG for all else, also where there is no rclone. After an error of remote_put nobody knows
 * whether the object is there: remote_get tells.
 */
#ifndef NETTY_SPOOL_REMOTE_REMOTE_H
#define NETTY_SPOOL_REMOTE_REMOTE_H

#include "spool/remote/object.h"

#define REMOTE_NAME_MAX 1024

/* As much as the store tells of an object without handing it out. */
struct remote_seen {
    bool there;
    uint64_t size;
    int64_t modified; /* rclone keeps the file's time, where the store can; WHEN_NONE: not told */
};

struct remote;
/* ERR_USAGE for a name that is none, or that holds a secret, which other users could read on the command line. */
enum err_code remote_open(struct remote **r, const char *name, struct err *e) MUST_CHECK;
void remote_close(struct remote *r); /* NULL is fine */
const char *remote_name(const struct remote *r);

/* Never asks for a listing, which could be old. */
enum err_code remote_look(const struct remote *r, const char *object, struct remote_seen *seen,
                          struct err *e) MUST_CHECK;
/* Never called for a name that remote_get has not just found absent. */
enum err_code remote_put(const struct remote *r, const char *object, const char *path,
                         struct err *e) MUST_CHECK;
/* *there false: there is none, and path neither. One request then. */
enum err_code remote_get(const struct remote *r, const char *object, const char *path, bool *there,
                         struct err *e) MUST_CHECK;
/* The least number of an object there that is greater than `after`, by a listing, which may be old; 0: none. */
enum err_code remote_later(const struct remote *r, uint64_t after, uint64_t *number,
                           struct err *e) MUST_CHECK;

#endif

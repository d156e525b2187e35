/*
 * A remote: a place that holds objects, named as rclone names it ("s3:bucket/prefix", "sftp:…", a folder). rclone, run as a child
 * process, moves single files there and back; credentials, time limits, retries and encryption are rclone's configuration.
 *
 *     remote_open(&r, "s3:bucket/prefix", e);
 *     remote_look(r, "0000000007.netty", &seen, e);
 *     remote_put(r, "0000000007.netty", path, e);        // of a finished file
 *     remote_get(r, "0000000007.netty", path, &there, e);
 *     remote_later(r, 7, &number, &last, e);
 *     remote_close(r);
 *
 * Errors, with rclone's last message: ERR_UNAVAILABLE when the network or the store is away, ERR_DENIED when the store refuses,
 * ERR_FULL when it is full, ERR_CONFIG for everything else, also when there is no rclone. After remote_put has failed, only
 * remote_get can tell whether the object is there.
 */
#ifndef NETTY_SPOOL_REMOTE_REMOTE_H
#define NETTY_SPOOL_REMOTE_REMOTE_H

#include "spool/remote/object.h"

#define REMOTE_NAME_MAX   1024
#define REMOTE_OBJECT_MAX 128 /* of "back/0123456789abcdef0123456789abcdef/0000000007.netty" */

/* What the store says of an object without handing it out. */
struct remote_seen {
    bool there;
    uint64_t size;
    int64_t modified; /* the file's time, if the store keeps it; WHEN_NONE: not known */
};

struct remote;
/* ERR_USAGE for a malformed name, or one that holds a secret, which other users could read on rclone's command line. */
enum err_code remote_open(struct remote **r, const char *name, struct err *e) MUST_CHECK;
void remote_close(struct remote *r); /* NULL is fine */
const char *remote_name(const struct remote *r);

/* Looks at one object. Asks for no listing of the store, because a listing can be old; but for one that is missing rclone makes one by
 * itself, which stores charge for: where it is likely to be missing, remote_get is cheaper. */
enum err_code remote_look(const struct remote *r, const char *object, struct remote_seen *seen,
                          struct err *e) MUST_CHECK;
/* Puts a file. Must only be called for a name that remote_get has just found absent. */
enum err_code remote_put(const struct remote *r, const char *object, const char *path,
                         struct err *e) MUST_CHECK;
/* Gets an object into the file path. *there false: there is no such object, and no file is made; that takes one request. */
enum err_code remote_get(const struct remote *r, const char *object, const char *path, bool *there,
                         struct err *e) MUST_CHECK;
/* Calls fn for each name in the folder ("": the remote's own) and in the folders below it, down to `depth` (1: none below). Uses a
 * listing, which can be old. A missing folder has no names. Ends with what fn returns, unless that is OK. */
typedef enum err_code remote_name_fn(void *ctx, const char *name, struct err *e);
enum err_code remote_each(const struct remote *r, const char *folder, unsigned depth,
                          remote_name_fn *fn, void *ctx, struct err *e) MUST_CHECK;
/* Sets *number to the least number greater than `after` that an object there has, and *last to the greatest; 0: none. Uses a listing, which
 * can be old. */
enum err_code remote_later(const struct remote *r, uint64_t after, uint64_t *number, uint64_t *last,
                           struct err *e) MUST_CHECK;
/* One that is not there is no failure. */
enum err_code remote_delete(const struct remote *r, const char *object, struct err *e) MUST_CHECK;

#endif

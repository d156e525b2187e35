/*
 * A string that may be used but never shown. Every function that makes a secret registers it with the
 * logger's redaction. secret_reveal may be called only where the value goes into a request header or a
 * connection.
 */
#ifndef NETTY_SHARED_LOG_SECRET_H
#define NETTY_SHARED_LOG_SECRET_H

#include "shared/base/err.h"

struct secret;

/* Reads a secret from the environment variable NAME, else from the file that NAME_FILE names (its first
 * line, without the line end). When neither is set, *s is NULL and the result OK. An empty value, a
 * value with control characters, an unreadable file, or both variables at once is ERR_CONFIG; the
 * message has the variable's name, never the value. */
enum err_code secret_from_env(struct secret **s, const char *name, struct err *e) MUST_CHECK;
/* Reads a secret from a file that a setting names; origin says where the setting came from. */
enum err_code secret_from_file(struct secret **s, const char *path, const char *origin,
                               struct err *e) MUST_CHECK;
/* Fails with ERR_CONFIG, and says what to do, when every user of the machine can read the file. A pipe passes. A file whose
 * mode nobody here can change passes with a warning: on a read-only mount, or on a tmpfs that another user has filled, as
 * container engines do to hand secrets over. */
enum err_code secret_check_file(const char *path, const char *origin, struct err *e) MUST_CHECK;
enum err_code secret_from_text(struct secret **s, const char *text, struct err *e) MUST_CHECK;
const char *secret_reveal(const struct secret *s);
bool secret_equal(const struct secret *a, const struct secret *b);
void secret_free(struct secret *s); /* wipes it */

#endif

/*
 * A string that may be used, never shown. Reading one registers it with the logger's redaction.
 * secret_reveal is called where the value goes into a request header or a connection, nowhere else.
 */
#ifndef NETTY_SHARED_LOG_SECRET_H
#define NETTY_SHARED_LOG_SECRET_H

#include "shared/base/err.h"

struct secret;

/* From NAME in the environment, else from the file that NAME_FILE names (its first line, without
 * the line end). *s is NULL and the result OK when neither is set. An empty value, one with control
 * characters, an unreadable file or both set at once is ERR_CONFIG with the variable's name, never
 * with the value. */
enum err_code secret_from_env(struct secret **s, const char *name, struct err *e) MUST_CHECK;
/* From a file named by a setting; origin says where the setting came from. */
enum err_code secret_from_file(struct secret **s, const char *path, const char *origin,
                               struct err *e) MUST_CHECK;
/* A file that holds a secret is not for every user of the machine to read: ERR_CONFIG, with what to do. A pipe is let
 * pass, and with a warning so is what nobody here could change: a read-only mount, or a tmpfs that another user has
 * filled, as container engines hand secrets over. */
enum err_code secret_check_file(const char *path, const char *origin, struct err *e) MUST_CHECK;
enum err_code secret_from_text(struct secret **s, const char *text, struct err *e) MUST_CHECK;
const char *secret_reveal(const struct secret *s);
bool secret_equal(const struct secret *a, const struct secret *b);
void secret_free(struct secret *s); /* wipes it */

#endif

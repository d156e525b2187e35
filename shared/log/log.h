/*
 * The one logger: one event a line, to standard error, as text for people or JSON for machines.
 *
 *     LOG(LOG_INFO, "page", "page fetched", F_STR("table", t), F_INT("records", n),
 *         F_SECONDS("seconds", us));
 *
 * text: 2026-11-23T09:15:02.123+01:00 info  page fetched table=contacts records=100 seconds=0.213
 *       (local time of the machine, TZ)
 * json: {"time":"2026-11-23T08:15:02.123Z","level":"info","event":"page","msg":"page
 * fetched","table":...}
 *
 * terminal: netty-extract: page fetched (table=contacts, records=100, seconds=0.213)
 *           netty-load: the table is not loaded to its end: contacts: the database refuses ...
 *       of a warning or an error what happened, where and why alone: its table and error, no counts
 *
 * Event names and field names are stable: alerts are built on them. A line is written by one
 * write(2). Control characters and new lines in values are escaped in both forms.
 *
 * Secrets are redacted by construction: every secret is told to log_secret() at the moment it is
 * read (shared/log/secret.h does it), and no line leaves before each occurrence, plain or
 * percent-encoded, became
 * "***". Messages of errors go through here too. A text that ends within a secret (a message that
 * was cut) loses that piece, too, from 8 bytes on.
 *
 * A value is cut at 16 KiB, and fields that would take a line beyond 256 KiB are left out.
 * log_event may be called by several threads, the others only before there are any.
 */
#ifndef NETTY_SHARED_LOG_LOG_H
#define NETTY_SHARED_LOG_LOG_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR
};
enum log_format {
    LOG_TEXT,
    LOG_JSON,
    LOG_TERMINAL
};

enum log_field_type {
    LOG_FIELD_STR,
    LOG_FIELD_INT,
    LOG_FIELD_REAL,
    LOG_FIELD_SECONDS
};
struct log_field {
    const char *key;
    enum log_field_type type;
    const char *str; /* NULL prints as an empty string; of a duration the old name, or NULL */
    int64_t num;     /* of a duration: microseconds */
    double real;
};
#define F_STR(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .str = (v)})
#define F_INT(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .num = (int64_t)(v)})
#define F_REAL(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_REAL, .real = (v)})
#define F_ERR(e)     F_STR("error", (e)->msg)
/* A duration, given in microseconds and shown in seconds: 1.234, the rest cut. Its name ends in "seconds". */
#define F_SECONDS(k, us) ((struct log_field){.key = (k), .type = LOG_FIELD_SECONDS, .num = (us)})
/* And again in whole milliseconds under the name it had at first, but not on a terminal. */
#define F_SECONDS_AND_MS(k, old, us)                                                               \
    ((struct log_field){.key = (k), .type = LOG_FIELD_SECONDS, .num = (us), .str = (old)})

/* Once, early. Before it: text, info, standard error. program is shown in JSON as "program". */
void log_setup(const char *program, enum log_format format, enum log_level level);
/* For tests: another descriptor than 2. */
void log_to(int fd);
bool log_on(enum log_level level);

void log_event(enum log_level level, const char *event, const char *msg,
               const struct log_field *fields, size_t n);
/* Without fields: LOG0. */
#define LOG(level, event, msg, ...)                                                                \
    log_event((level), (event), (msg), (const struct log_field[]){__VA_ARGS__},                    \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define LOG0(level, event, msg) log_event((level), (event), (msg), NULL, 0)

/* Never let this string out. Copies it. Strings under 4 bytes are not redacted (they would eat
 * everything). Also used by whoever prints text of foreign origin: log_redact works in place on a
 * buf. */
struct buf;
void log_secret(const char *secret);
enum err_code log_redact(struct buf *text);
void log_forget(void); /* tests: forget all secrets */

#endif

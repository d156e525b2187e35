/*
 * The one logger: one event a line, to standard error, in one of three formats.
 *
 *     LOG(LOG_INFO, "page", "page fetched", F_STR("table", t), F_INT("records", n),
 *         F_SECONDS("seconds", us));
 *
 * text: 2026-11-23T09:15:02.123+01:00 info  page fetched table=contacts records=100 seconds=0.213
 *       (in the machine's time zone, TZ)
 * json: {"time":"2026-11-23T08:15:02.123Z","level":"info","event":"page","msg":"page
 * fetched","table":...}
 *
 * terminal: netty-extract: page fetched (table=contacts, records=100, seconds=0.213)
 *           netty-load: the table is not loaded to its end: contacts: the database refuses ...
 *       A warning or an error says only what happened, where and why: table and error, no counts.
 *
 * Event names and field names are stable: alerts are built on them. A line is written by one
 * write(2). Control characters and new lines in values are escaped in both forms.
 *
 * Messages and values lose their secrets (shared/log/redact.h).
 *
 * A value is cut at 16 KiB, and fields that would make a line longer than 256 KiB are left out.
 * Any thread may call log_event. log_account is of the thread that calls it: a program that serves several
 * accounts in turn says so before it works for one. The other functions may only be called before there is a second thread.
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
    const char *str; /* NULL prints as an empty string; of a duration: its older name, or NULL */
    int64_t num;     /* of a duration: microseconds */
    double real;
};
#define F_STR(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .str = (v)})
#define F_INT(k, v)  ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .num = (int64_t)(v)})
#define F_REAL(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_REAL, .real = (v)})
#define F_ERR(e)     F_STR("error", (e)->msg)
/* A duration, given in microseconds and shown in seconds with three digits, cut: 1.234. Its name ends in "seconds". */
#define F_SECONDS(k, us) ((struct log_field){.key = (k), .type = LOG_FIELD_SECONDS, .num = (us)})
/* The same, and once more in whole milliseconds under an older name, for those who read that; not in the terminal format. */
#define F_SECONDS_AND_MS(k, old, us)                                                               \
    ((struct log_field){.key = (k), .type = LOG_FIELD_SECONDS, .num = (us), .str = (old)})

/* Called once, early. Before that the format is text and the level info. program is shown in JSON as "program". */
void log_setup(const char *program, enum log_format format, enum log_level level);
/* For tests: writes to another descriptor than standard error. */
void log_to(int fd);
bool log_on(enum log_level level);
/* The account that this thread works for from now on, in each line as the field `account`; NULL: none. Borrowed. */
void log_account(const char *name);
const char *log_account_now(void);

void log_event(enum log_level level, const char *event, const char *msg,
               const struct log_field *fields, size_t n);
/* LOG0 is LOG without fields. */
#define LOG(level, event, msg, ...)                                                                \
    log_event((level), (event), (msg), (const struct log_field[]){__VA_ARGS__},                    \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define LOG0(level, event, msg) log_event((level), (event), (msg), NULL, 0)

#endif

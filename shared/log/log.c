#include "shared/log/log.h"
#include "shared/base/buf.h"
#include "shared/base/no_memory.h"
#include "shared/base/units.h"
#include "shared/log/redact.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX      ((size_t)16 << 10) /* of one value; the rest is dropped */
#define LINE_MAX_BYTES ((size_t)256 << 10)

/* Set up once and only read afterwards: log_event itself may run in several threads. */
static struct {
    const char *program;
    enum log_format format;
    enum log_level level;
    int fd;
} logger = {.level = LOG_INFO, .fd = STDERR_FILENO};

static _Thread_local const char *account; /* log_account */

static const char *const level_words[] = {"debug", "info", "warn", "error"};

void log_setup(const char *program, enum log_format format, enum log_level level)
{
    no_memory_line(format == LOG_JSON ? "{\"level\":\"error\",\"event\":\"no_memory\",\"msg\":"
                                        "\"out of memory, the program ends\"}\n"
                                      : "error out of memory, the program ends\n");
    logger.program = program;
    logger.format = format;
    logger.level = level;
}

void log_to(int fd)
{
    logger.fd = fd;
}

bool log_on(enum log_level level)
{
    return level >= logger.level;
}

void log_account(const char *name)
{
    account = name;
}

const char *log_account_now(void)
{
    return account;
}

/* --- One line ------------------------------------------------------------------------------------
 */

static enum err_code add_time(struct buf *line, bool json)
{
    struct timespec now = {0};
    struct tm tm = {0};
    char date[32];
    char zone[8] = "Z";
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (json)
        (void)gmtime_r(&now.tv_sec, &tm);
    else
        (void)localtime_r(&now.tv_sec, &tm);
    if (strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return ERR_INTERNAL;
    if (!json) {
        long minutes = labs(tm.tm_gmtoff) / 60;
        (void)snprintf(zone, sizeof zone, "%c%02u:%02u", tm.tm_gmtoff < 0 ? '-' : '+',
                       (unsigned)(minutes / 60) % 100, (unsigned)(minutes % 60));
    }
    return buf_addf(line, "%s.%03u%s", date, (unsigned)(now.tv_nsec / 1000000), zone);
}

/* For people a value is quoted only where its end would not be seen. */
static bool needs_quotes(const struct buf *value)
{
    if (value->len == 0)
        return true;
    for (size_t i = 0; i < value->len; i++) {
        unsigned char c = (unsigned char)value->data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == 0x7f)
            return true;
    }
    return false;
}

enum place {
    MESSAGE,
    VALUE
};

static enum err_code add_string(struct buf *line, const char *s, enum place place)
{
    struct buf value;
    buf_init(&value, 2 * VALUE_MAX);
    enum err_code rc = s == NULL ? OK : redact_add(&value, s, strnlen(s, VALUE_MAX));
    if (rc != OK)
        ;
    else if (logger.format == LOG_JSON || (place == VALUE && needs_quotes(&value)))
        rc = buf_add_json(line, value.data, value.len);
    else
        rc = buf_add_text(line, value.data, value.len);
    buf_free(&value);
    return rc;
}

static enum err_code add_value(struct buf *line, const struct log_field *field)
{
    char seconds[UNITS_TEXT];
    switch (field->type) {
    case LOG_FIELD_INT:
        return buf_addf(line, "%" PRId64, field->num);
    case LOG_FIELD_REAL:
        /* JSON has no infinity and no NaN. */
        return isfinite(field->real) ? buf_addf(line, "%.9g", field->real) : buf_adds(line, "null");
    case LOG_FIELD_SECONDS:
        return buf_adds(line, units_show_seconds(field->num, seconds));
    case LOG_FIELD_STR:
    default:
        return add_string(line, field->str, VALUE);
    }
}

static enum err_code add_named(struct buf *line, const struct log_field *field)
{
    const char *after_key = logger.format == LOG_JSON ? "\":" : "=";
    static const char *const before[] = {
        [LOG_TEXT] = " ", [LOG_JSON] = ",\"", [LOG_TERMINAL] = ", "};
    enum err_code rc = buf_adds(line, before[logger.format]);
    if (rc == OK)
        rc = buf_adds(line, field->key);
    if (rc == OK)
        rc = buf_adds(line, after_key);
    return rc == OK ? add_value(line, field) : rc;
}

/* A duration that had another unit in older versions is given in both, except in the terminal format. */
static enum err_code add_field(struct buf *line, const struct log_field *field)
{
    enum err_code rc = add_named(line, field);
    if (rc != OK || field->type != LOG_FIELD_SECONDS || field->str == NULL ||
        logger.format == LOG_TERMINAL)
        return rc;
    const struct log_field old = F_INT(field->str, field->num / 1000);
    return add_named(line, &old);
}

static enum err_code add_head_json(struct buf *line, enum log_level level, const char *event,
                                   const char *msg)
{
    enum err_code rc = buf_adds(line, "{\"time\":\"");
    if (rc == OK)
        rc = add_time(line, true);
    if (rc == OK)
        rc = buf_addf(line, "\",\"level\":\"%s\"", level_words[level]);
    if (rc == OK && logger.program != NULL)
        rc = buf_addf(line, ",\"program\":\"%s\"", logger.program);
    if (rc == OK)
        rc = buf_addf(line, ",\"event\":\"%s\",\"msg\":", event);
    return rc == OK ? add_string(line, msg, MESSAGE) : rc;
}

static enum err_code add_head_text(struct buf *line, enum log_level level, const char *msg)
{
    enum err_code rc = add_time(line, false);
    if (rc == OK)
        rc = buf_addf(line, " %-5s ", level_words[level]);
    return rc == OK ? add_string(line, msg, MESSAGE) : rc;
}

/* ---- for a person at a terminal ---- */

static const struct log_field *find_text(const struct log_field *fields, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (fields[i].type == LOG_FIELD_STR && strcmp(fields[i].key, key) == 0 &&
            fields[i].str != NULL && fields[i].str[0] != '\0')
            return &fields[i];
    return NULL;
}

static enum err_code add_part(struct buf *line, const struct log_field *field)
{
    enum err_code rc = field == NULL ? OK : buf_adds(line, ": ");
    return field == NULL || rc != OK ? rc : add_string(line, field->str, MESSAGE);
}

/* Adds the fields in parentheses. Those from the first one on that does not fit are left out. */
static enum err_code add_details(struct buf *line, const struct log_field *fields, size_t n)
{
    size_t start = line->len;
    size_t before = start;
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        before = line->len;
        rc = add_field(line, &fields[i]);
    }
    if (rc == ERR_TOO_BIG || line->len > LINE_MAX_BYTES - 3) {
        buf_truncate(line, before);
        rc = OK;
    }
    if (rc != OK || line->len == start)
        return rc;
    memcpy(line->data + start, " (", 2); /* in the first comma's place */
    return buf_addc(line, ')');
}

static enum err_code add_account(struct buf *line)
{
    const struct log_field field = F_STR("account", account);
    return account != NULL ? add_named(line, &field) : OK;
}

static enum err_code add_for_terminal(struct buf *line, enum log_level level, const char *msg,
                                      const struct log_field *fields, size_t n)
{
    const struct log_field *error = find_text(fields, n, "error");
    bool short_one = level >= LOG_WARN && error != NULL;
    enum err_code rc = buf_addf(line, "%s%s", logger.program, level == LOG_WARN ? ": warning" : "");
    /* A message that begins with the program's name ("netty-load ends") is left out: the name is there, the error says why. */
    if (rc == OK && !(short_one && strncmp(msg, logger.program, strlen(logger.program)) == 0) &&
        (rc = buf_adds(line, ": ")) == OK)
        rc = add_string(line, msg, MESSAGE);
    if (rc == OK && account != NULL && (rc = buf_adds(line, ": ")) == OK)
        rc = buf_adds(line, account);
    if (rc == OK && !short_one)
        return add_details(line, fields, n);
    if (rc == OK && (rc = add_part(line, find_text(fields, n, "table"))) == OK)
        rc = add_part(line, error);
    return rc;
}

/* ---- out ---- */

/* A log that cannot be written has nowhere to say so. */
static void emit(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(logger.fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

static void emit_lost(void)
{
    static const char text[] = "error a line of the log is lost: out of memory\n";
    static const char json[] =
        "{\"level\":\"error\",\"event\":\"log_lost\",\"msg\":\"a line of the "
        "log is lost: out of memory\"}\n";
    if (logger.format == LOG_JSON)
        emit(json, sizeof json - 1);
    else
        emit(text, sizeof text - 1);
}

void log_event(enum log_level level, const char *event, const char *msg,
               const struct log_field *fields, size_t n)
{
    if (!log_on(level))
        return;
    bool json = logger.format == LOG_JSON;
    bool terminal = logger.format == LOG_TERMINAL;
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    enum err_code rc = json       ? add_head_json(&line, level, event, msg)
                       : terminal ? add_for_terminal(&line, level, msg, fields, n)
                                  : add_head_text(&line, level, msg);
    if (rc == OK && !terminal)
        rc = add_account(&line);
    for (size_t i = 0; i < n && rc == OK && !terminal; i++) {
        size_t before = line.len;
        rc = add_field(&line, &fields[i]);
        if (rc == ERR_TOO_BIG || line.len > LINE_MAX_BYTES - 2) {
            buf_truncate(&line, before); /* the line stays whole, with fewer fields */
            rc = OK;
        }
    }
    if (rc == OK)
        rc = buf_adds(&line, json ? "}\n" : "\n");
    if (rc == OK)
        emit(line.data, line.len);
    else
        emit_lost();
    buf_free(&line);
}

#include "shared/base/units.h"
#include "shared/log/conninfo_secrets.h"
#include "shared/log/log.h"
#include "shared/options/options_private.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON 160

static void show(enum option_type type, int64_t v, char out[UNITS_TEXT])
{
    if (type == OPTION_DURATION)
        (void)units_show_duration(v, out);
    else if (type == OPTION_SIZE)
        (void)units_show_size(v, out);
    else
        (void)snprintf(out, UNITS_TEXT, "%" PRId64, v);
}

static const char *form(const struct option_def *d)
{
    enum option_type type = d->type;
    if ((d->marks & OPTION_PERCENT) != 0)
        return "a percentage such as 5 or 5%";
    if (type == OPTION_DURATION)
        return "a duration such as 10ms, 5s, 10m, 2h or 7d";
    return type == OPTION_SIZE ? "a size such as 64K, 16M or 1G" : "a whole number";
}

static enum err_code percent(const char *text, int64_t *v)
{
    char digits[8];
    size_t n = strlen(text);
    if (n > 0 && n <= sizeof digits && text[n - 1] == '%')
        n--;
    if (n >= sizeof digits)
        return ERR_USAGE;
    memcpy(digits, text, n);
    digits[n] = '\0';
    return units_count(digits, v);
}

static bool number(const struct option_def *d, const char *text, int64_t *v, char why[REASON])
{
    char low[UNITS_TEXT];
    char high[UNITS_TEXT];
    enum err_code rc = (d->marks & OPTION_PERCENT) != 0 ? percent(text, v)
                       : d->type == OPTION_DURATION     ? units_duration(text, v)
                       : d->type == OPTION_SIZE         ? units_size(text, v)
                                                        : units_count(text, v);
    if (rc == OK && (d->marks & OPTION_UNIT) != 0 && text[strspn(text, "0123456789")] == '\0') {
        (void)snprintf(why, REASON, "must tell its unit, as in %sd",
                       strlen(text) < 8 ? text : "90");
        return false;
    }
    if (rc == OK && *v >= d->min && (d->max == 0 || *v <= d->max))
        return true;
    show(d->type, d->min, low);
    show(d->type, d->max, high);
    if (d->max == 0)
        (void)snprintf(why, REASON, "must be %s, %s or more", form(d), low);
    else
        (void)snprintf(why, REASON, "must be %s, from %s to %s", form(d), low, high);
    return false;
}

static bool flag(const char *text, int64_t *v, char why[REASON])
{
    static const char *const words[] = {"no", "yes", "0", "1", "false", "true", "off", "on"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *v = i % 2;
            return true;
        }
    }
    (void)snprintf(why, REASON, "must be yes or no (or 1/0, true/false, on/off)");
    return false;
}

static bool choice(const struct option_def *d, const char *text, int64_t *v, char why[REASON])
{
    size_t n = strlen(text);
    const char *word = d->choices;
    for (*v = 0; word != NULL; (*v)++) {
        size_t len = strcspn(word, "|");
        if (len == n && memcmp(word, text, n) == 0)
            return true;
        word = word[len] == '|' ? word + len + 1 : NULL;
    }
    (void)snprintf(why, REASON, "must be one of %s", d->choices);
    return false;
}

static bool plain_text(const char *text, char why[REASON])
{
    for (const char *p = text; *p != '\0'; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
            (void)snprintf(why, REASON, "must not contain control characters such as line ends");
            return false;
        }
    }
    return true;
}

static bool check_value(const struct option_def *d, const char *text, int64_t *v, char why[REASON])
{
    if (*text == '\0') {
        (void)snprintf(why, REASON, "must not be empty");
        return false;
    }
    switch (d->type) {
    case OPTION_FLAG:
        return flag(text, v, why);
    case OPTION_CHOICE:
        return choice(d, text, v, why);
    case OPTION_COUNT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        return number(d, text, v, why);
    case OPTION_TEXT:
    case OPTION_TIME:
    default:
        return plain_text(text, why);
    }
}

static enum err_code refuse(const struct option_def *d, enum option_source source, const char *text,
                            const char *label, const char *why, struct err *e)
{
    enum err_code code = source == FROM_ARGS ? ERR_USAGE : ERR_CONFIG;
    if ((d->marks & OPTION_SECRET) != 0)
        return err_set(e, code, "%s %s", label, why);
    return err_set(e, code, "%s '%.100s' %s", label, text, why);
}

static enum err_code no_memory(struct err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory for the settings");
}

static enum err_code guard_password(enum option_source source, const char *text, struct err *e)
{
    bool found = false;
    if (conninfo_secrets(text, &found) != OK)
        return no_memory(e);
    if (found && source == FROM_ARGS)
        return err_set(
            e, ERR_USAGE,
            "--db holds a password, and every user of this machine can read a command line: "
            "set DATABASE_URL instead, or give the password in PGPASSWORD or a passfile");
    return OK;
}

enum err_code options_judge(const struct option_def *d, enum option_source source, const char *text,
                            const char *label, int64_t *value, struct err *e)
{
    char why[REASON];
    enum err_code rc = OK;
    if ((d->marks & OPTION_SECRET) != 0 && (rc = guard_password(source, text, e)) != OK)
        return rc;
    return check_value(d, text, value, why) ? OK : refuse(d, source, text, label, why, e);
}

enum err_code options_take(struct options *o, const struct option_def *d, enum option_source source,
                           const char *text, const char *label, const char *origin, struct err *e)
{
    int64_t v = 0;
    enum err_code rc = options_judge(d, source, text, label, &v, e);
    struct setting *s = &o->set[d->id];
    if (rc != OK || source < s->source)
        return rc;
    char *text_copy = strdup(text);
    char *origin_copy = strdup(origin);
    if (text_copy == NULL || origin_copy == NULL) {
        free(text_copy);
        free(origin_copy);
        return no_memory(e);
    }
    free(s->text);
    free(s->origin);
    *s = (struct setting){source, text_copy, origin_copy, v};
    return OK;
}

enum err_code options_take_defaults(struct options *o, struct err *e)
{
    char why[REASON];
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (d->type == OPTION_TIME)
            o->set[i].number = WHEN_NONE;
        if (d->standard != NULL && !check_value(d, d->standard, &o->set[i].number, why))
            return err_set(e, ERR_INTERNAL, "the default of --%s %s", d->name, why);
    }
    return OK;
}

/* A change of the clocks makes some times ambiguous. The reading that includes more is taken, and a log line says so. */
static void note_reading(const struct setting *s, const struct when_window *w)
{
    char taken[WHEN_TEXT];
    if (w->reading == ZONE_NEVER)
        LOG(LOG_WARN, "time", "clocks were put forward over this time, so that it never was",
            F_STR("setting", s->origin), F_STR("given", s->text),
            F_STR("taken", when_iso(s->number, taken)));
    else if (w->reading == ZONE_TWICE)
        LOG(LOG_INFO, "time", "clocks were put back over this time, so that it was twice",
            F_STR("setting", s->origin), F_STR("given", s->text),
            F_STR("taken", when_iso(s->number, taken)));
}

static enum err_code check_time(const struct option_def *d, struct setting *s, const struct zone *z,
                                struct err *e)
{
    if (d->choices != NULL && strcmp(s->text, d->choices) == 0) {
        s->number = WHEN_NONE;
        return OK;
    }
    struct when_window w;
    if (when_parse_window(s->text, strlen(s->text), z, &w) == OK && w.first != WHEN_NONE) {
        s->number = d->id == OPT_TO ? w.last : w.first;
        note_reading(s, &w);
        return OK;
    }
    char why[REASON];
    (void)snprintf(why, REASON, "must be a time such as 2024-05-13 or 2024-05-13T10:22:33Z%s%s",
                   d->choices != NULL ? ", or the word " : "",
                   d->choices != NULL ? d->choices : "");
    return refuse(d, s->source, s->text, s->origin, why, e);
}

enum err_code options_check_times(struct options *o, struct err *e)
{
    struct zone *z = NULL;
    enum err_code rc = OK;
    for (int i = 0; rc == OK && i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        if (d->type != OPTION_TIME || o->set[i].source == FROM_DEFAULT)
            continue;
        if (z == NULL) /* a person types times in the zone in which the programs show them */
            rc = zone_open_local(&z, e);
        if (rc == OK)
            rc = check_time(d, &o->set[i], z, e);
    }
    zone_close(z);
    return rc;
}

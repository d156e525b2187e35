#include "shared/base/err.h"
#include "shared/base/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a code means outside of the program: one row a code. */
static const struct meaning {
    const char *word;
    int exit;
    bool retryable;
} meanings[ERR_CODES] = {
    [OK] = {"ok", 0, false},
    [ERR_USAGE] = {"usage", 64, false},
    [ERR_SET_ASIDE] = {"set-aside", 65, false},
    [ERR_NO_SPOOL] = {"no-spool", 66, false},
    [ERR_UNAVAILABLE] = {"unavailable", 69, true},
    [ERR_PROTOCOL] = {"protocol", 69, true},
    [ERR_REFUSED] = {"refused", 69, false},
    [ERR_INTERNAL] = {"internal", 70, false},
    [ERR_NOMEM] = {"no-memory", 70, false},
    [ERR_CREATE] = {"cannot-create", 73, false},
    [ERR_IO] = {"io", 74, false},
    [ERR_FULL] = {"disk-full", 74, true},
    [ERR_THROTTLED] = {"throttled", 75, true},
    [ERR_BUSY] = {"busy", 75, true},
    [ERR_INTERRUPTED] = {"interrupted", 75, false},
    [ERR_DENIED] = {"denied", 77, false},
    [ERR_CONFIG] = {"config", 78, false},
    [ERR_TOO_BIG] = {"too-big", 65, false},
    [ERR_DATA] = {"data", 65, false},
    [ERR_DAMAGED] = {"damaged", 65, false},
};

const struct exit_meaning exit_meanings[] = {
    {0, "done"},
    {64, "the command line is wrong"},
    {65, "dead letters, or records passed over, that are new; all others are in"},
    {66, "there is no spool where it was looked for"},
    {69, "API or database unavailable after all retries"},
    {70, "a fault in the program"},
    {73, "a file or folder cannot be created"},
    {74, "the disk fails or is full"},
    {75, "throttled, busy or interrupted: run again later"},
    {77, "key or permission refused"},
    {78, "a setting is wrong or missing"},
    {0, NULL},
};

/* Exit codes from harmless to grave. */
static const int gravity[] = {0, 65, 75, 69, 66, 64, 73, 74, 77, 78, 70};

static const struct meaning *meaning_of(enum err_code code)
{
    return (unsigned)code < ERR_CODES ? &meanings[code] : &meanings[ERR_INTERNAL];
}

/* The arguments may point into e->msg itself, so the text is made beside it first; what does not
 * fit is cut between characters, never within one. */
__attribute__((format(printf, 3, 0))) static void set_message(struct err *e, const char *suffix,
                                                              const char *fmt, va_list args)
{
    char text[sizeof e->msg];
    int n = vsnprintf(text, sizeof text, fmt, args);
    size_t len = n < 0 ? 0 : strnlen(text, sizeof text);
    size_t room = sizeof text - 1 - len;
    size_t add = strnlen(suffix, room);
    memcpy(text + len, suffix, add);
    len = utf8_whole(text, len + add);
    memcpy(e->msg, text, len);
    e->msg[len] = '\0';
}

enum err_code(err_set)(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (e == NULL)
        return code;
    va_list args;
    va_start(args, fmt);
    set_message(e, "", fmt, args);
    va_end(args);
    e->code = code;
    e->sys = 0;
    e->sqlstate[0] = '\0';
    return code;
}

enum err_code err_sys(struct err *e, enum err_code code, const char *fmt, ...)
{
    int saved = errno;
    if (saved == ENOSPC || saved == EDQUOT)
        code = ERR_FULL;
    if (saved == ENOMEM)
        code = ERR_NOMEM;
    if (e == NULL)
        return code;
    char reason[128];
    char suffix[sizeof reason + 2];
    (void)snprintf(suffix, sizeof suffix, ": %s", strerror_r(saved, reason, sizeof reason));
    va_list args;
    va_start(args, fmt);
    set_message(e, suffix, fmt, args);
    va_end(args);
    e->code = code;
    e->sys = saved;
    e->sqlstate[0] = '\0';
    errno = saved;
    return code;
}

enum err_code err_prefix(struct err *e, const char *fmt, ...)
{
    if (e == NULL)
        return ERR_INTERNAL;
    char suffix[sizeof e->msg + 2];
    (void)snprintf(suffix, sizeof suffix, ": %s", e->msg);
    va_list args;
    va_start(args, fmt);
    set_message(e, suffix, fmt, args);
    va_end(args);
    return e->code;
}

bool err_retryable(enum err_code code)
{
    return meaning_of(code)->retryable;
}

int err_exit(enum err_code code)
{
    return meaning_of(code)->exit;
}

const char *err_word(enum err_code code)
{
    return meaning_of(code)->word;
}

enum err_code err_of_word(const char *word)
{
    if (word[0] == '\0')
        return OK;
    for (unsigned code = OK + 1; code < ERR_CODES; code++)
        if (strcmp(word, err_word((enum err_code)code)) == 0)
            return (enum err_code)code;
    return ERR_INTERNAL;
}

/* An exit code that is not in the list comes from a fault in the program, so it ranks as the gravest. */
static size_t rank(int code)
{
    size_t n = sizeof gravity / sizeof gravity[0];
    for (size_t i = 0; i < n; i++)
        if (gravity[i] == code)
            return i;
    return n;
}

int exit_graver(int a, int b)
{
    return rank(b) > rank(a) ? b : a;
}

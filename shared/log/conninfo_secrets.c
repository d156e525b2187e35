#include "shared/log/conninfo_secrets.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n\f\v"

static bool is_password(const char *key, size_t n)
{
    return (n == 8 && memcmp(key, "password", n) == 0) ||
           (n == 11 && memcmp(key, "sslpassword", n) == 0);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Decodes s[0..n) into out, which has room for n + 1 bytes. */
static size_t percent_decode(const char *s, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '%' && n - i > 2 && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
            out[len++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
            i += 2;
        } else {
            out[len++] = s[i];
        }
    }
    out[len] = '\0';
    return len;
}

static void copy(const char *s, size_t n, char *out)
{
    memcpy(out, s, n);
    out[n] = '\0';
}

/* scratch has room for the whole text. */
static bool register_secret(const char *s, size_t n, char *scratch)
{
    if (n == 0)
        return false;
    copy(s, n, scratch);
    redact_secret(scratch);
    (void)percent_decode(s, n, scratch);
    redact_secret(scratch);
    return true;
}

/* user:password@ in front of the host. PostgreSQL's client ends it at the first @ before any slash. A person may write a password
 * with a raw @ or /, which is a mistake; so that it is not shown then either, everything that may be meant counts. */
static bool url_login(const char *after, char *scratch)
{
    const char *colon = strchr(after, ':');
    const char *first = after + strcspn(after, "@/");
    const char *last = memrchr(after, '@', strcspn(after, "?"));
    bool found = false;
    if (colon == NULL)
        return false;
    if (*first == '@' && colon < first)
        found = register_secret(colon + 1, (size_t)(first - colon) - 1, scratch);
    if (last != NULL && colon < last)
        found |= register_secret(colon + 1, (size_t)(last - colon) - 1, scratch);
    return found;
}

/* ?password=...&sslpassword=..., the names percent-encoded or not. */
static bool url_parameters(const char *after, char *scratch)
{
    bool found = false;
    for (const char *p = strchr(after, '?'); p != NULL; p = strpbrk(p, "?&")) {
        size_t n = strcspn(++p, "=&");
        if (p[n] == '=' && is_password(scratch, percent_decode(p, n, scratch)))
            found |= register_secret(p + n + 1, strcspn(p + n + 1, "&"), scratch);
    }
    return found;
}

static const char *pass_blanks(const char *p)
{
    return p + strspn(p, BLANKS);
}

/* A value up to its closing quote or to a blank, backslashes undone into out; returns where it
 * ends. */
static const char *pair_value(const char *p, bool quoted, char *out)
{
    while (*p != '\0' && (quoted ? *p != '\'' : strchr(BLANKS, *p) == NULL)) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        *out++ = *p++;
    }
    *out = '\0';
    return p;
}

/* key = value pairs, blanks anywhere. */
static bool pairs(const char *text, char *scratch)
{
    bool found = false;
    const char *p = pass_blanks(text);
    while (*p != '\0') {
        const char *key = p;
        size_t n = strcspn(p, "=" BLANKS);
        p = pass_blanks(p + n);
        if (*p != '=')
            continue; /* not its grammar: look on from here */
        p = pass_blanks(p + 1);
        bool quoted = *p == '\'';
        const char *value = p + quoted;
        p = pair_value(value, quoted, scratch);
        if (is_password(key, n) && p > value) {
            found = true;
            redact_secret(scratch);
            copy(value, (size_t)(p - value), scratch);
            redact_secret(scratch);
        }
        if (quoted && *p == '\'')
            p++;
        p = pass_blanks(p);
    }
    return found;
}

enum err_code conninfo_secrets(const char *text, bool *found)
{
    const char *after = strstr(text, "://");
    *found = false;
    if (after == NULL && strchr(text, '=') == NULL)
        return OK;
    size_t room = strlen(text) + 1;
    char *scratch = malloc(room);
    if (scratch == NULL)
        return ERR_NOMEM;
    if (after != NULL) {
        *found = url_login(after + 3, scratch);
        *found |= url_parameters(after + 3, scratch);
    }
    *found |= pairs(text, scratch);
    explicit_bzero(scratch, room);
    free(scratch);
    return OK;
}

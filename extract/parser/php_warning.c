#include "extract/parser/php_warning.h"
#include <stdbool.h>
#include <string.h>

#define WARNING_MAX ((size_t)8 << 10) /* bytes of one */

/* Returns where s goes on behind `word`, if s begins with it; else NULL. */
static const char *behind(const char *s, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - s) >= len && memcmp(s, word, len) == 0 ? s + len : NULL;
}

static const char *pass(const char *s, const char *end, const char *word)
{
    const char *next = behind(s, end, word);
    return next != NULL ? next : s;
}

static const char *pass_lines(const char *s, const char *end)
{
    while (s < end && (*s == '\n' || *s == '\r'))
        s++;
    return s;
}

/* "Warning:", or as HTML "<br />\n<b>Warning</b>:" */
static const char *opening(const char *s, const char *end)
{
    static const char *const kinds[] = {"Warning", "Notice", "Deprecated", "Strict Standards"};
    s = pass_lines(pass(s, end, "<br />"), end);
    s = pass(s, end, "<b>");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *next = behind(s, end, kinds[i]);
        if (next != NULL)
            return behind(pass(next, end, "</b>"), end, ":");
    }
    return NULL;
}

/* " on line N", and the line's end; as HTML the number is bold. */
static const char *closing(const char *s, const char *end)
{
    s = behind(s, end, " on line ");
    if (s == NULL)
        return NULL;
    const char *digits = s = pass(s, end, "<b>");
    while (s < end && *s >= '0' && *s <= '9')
        s++;
    if (s == digits)
        return NULL;
    s = pass(pass(s, end, "</b>"), end, "<br />");
    return s == end || *s == '\n' || *s == '\r' ? s : NULL;
}

/* The length of the warning that s begins with, or 0. */
static size_t warning_length(const char *s, size_t n)
{
    const char *end = s + (n < WARNING_MAX ? n : WARNING_MAX);
    const char *at = opening(s, end);
    while (at != NULL && at < end) {
        const char *close = closing(at, end);
        if (close != NULL)
            return (size_t)(close - s);
        at = memchr(at + 1, ' ', (size_t)(end - at - 1));
    }
    return 0;
}

/* Returns the index behind the string that begins at i. */
static size_t string_end(const char *s, size_t n, size_t i)
{
    for (i++; i < n && s[i] != '"'; i++)
        i += s[i] == '\\';
    return i < n ? i + 1 : n;
}

size_t php_warnings_cut(const char *s, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        bool may = s[i] == '<' || s[i] == 'W' || s[i] == 'N' || s[i] == 'D' || s[i] == 'S';
        size_t skipped = may ? warning_length(s + i, n - i) : 0;
        size_t next = s[i] == '"' ? string_end(s, n, i) : i + 1;
        if (skipped > 0) {
            i += skipped;
            continue;
        }
        memcpy(out + len, s + i, next - i);
        len += next - i;
        i = next;
    }
    return len;
}

#include "shared/record_scan.h"
#include "shared/json_guard.h"
#include "shared/utf8.h"
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define DEPTH_MAX 60u /* of the bits of `objects` */

struct scan {
    struct record_scan *out;
    const char *p;
    const char *end;
    uint64_t objects; /* a bit a level, the lowest for the innermost: an object, not an array */
    unsigned depth;
    struct member *member; /* whose value is being read, at depth 1 */
};

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next character that is no blank, or 0. */
static char peek(struct scan *s)
{
    while (s->p < s->end && blank(*s->p))
        s->p++;
    return s->p < s->end ? *s->p : '\0';
}

/* Over what needs no look: ASCII that is neither a quote, nor a backslash, nor a control character. */
static const char *pass_plain(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    while (end - p >= 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 on are below the blank, too. */
        __m128i stop =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)),
                         _mm_cmplt_epi8(x, space));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask != 0)
            return p + __builtin_ctz(mask);
        p += 16;
    }
#endif
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
           (unsigned char)*p < 0x80)
        p++;
    return p;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of \uXXXX at p, or -1. */
static int code_unit(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex(p[i]);
        if (digit < 0)
            return -1;
        v = v * 16 + digit;
    }
    return v;
}

/* Over the escape at s->p. */
static bool pass_escape(struct scan *s)
{
    if (s->end - s->p < 2)
        return false;
    if (s->p[1] != 'u') {
        if (s->p[1] == '\0' || strchr("\"\\/bfnrt", s->p[1]) == NULL)
            return false;
        s->p += 2;
        return true;
    }
    int unit = code_unit(s->p, s->end);
    if (unit < 0)
        return false;
    if (unit == 0)
        s->out->flags |= RECORD_HAS_NUL;
    s->p += 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    int low = unit < 0xDC00 ? code_unit(s->p, s->end) : -1;
    s->p += 6;
    return low >= 0xDC00 && low <= 0xDFFF;
}

/* Over the string whose opening quote is at s->p; *escaped tells of backslashes in it. */
static bool pass_string(struct scan *s, bool *escaped)
{
    uint32_t c;

    *escaped = false;
    s->p++;
    for (;;) {
        s->p = pass_plain(s->p, s->end);
        if (s->p == s->end)
            return false;
        if (*s->p == '"')
            break;
        if (*s->p == '\\') {
            *escaped = true;
            if (!pass_escape(s))
                return false;
            continue;
        }
        size_t len = (unsigned char)*s->p < 0x80 ? 0 : utf8_next(s->p, (size_t)(s->end - s->p), &c);
        if (len == 0)
            return false;
        s->p += len;
    }
    s->p++;
    return true;
}

static bool digit(const struct scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static bool pass_digits(struct scan *s)
{
    if (!digit(s))
        return false;
    while (digit(s))
        s->p++;
    return true;
}

static bool pass_number(struct scan *s)
{
    const char *start = s->p;
    const char *exponent = NULL;

    s->p += *s->p == '-';
    if (s->p < s->end && *s->p == '0')
        s->p++;
    else if (!pass_digits(s))
        return false;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!pass_digits(s))
            return false;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        s->p += s->p < s->end && (*s->p == '+' || *s->p == '-');
        exponent = s->p;
        if (!pass_digits(s))
            return false;
    }
    if ((exponent != NULL && s->p - exponent > 3) || s->p - start > RECORD_NUMBER)
        s->out->flags |= RECORD_WIDE_NUMBER;
    return true;
}

static bool pass_word(struct scan *s, const char *word, size_t n)
{
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool decode_name(struct scan *s, struct member *m)
{
    struct buf *names = s->out->names;

    if (buf_reserve(names, m->raw_name_len) != OK)
        return false;
    m->name = NULL;
    m->name_len = json_unescape(m->raw_name + 1, m->raw_name_len - 2, names->data + names->len);
    buf_grown(names, m->name_len);
    return true;
}

/* A name and its colon, at s->p after blanks. */
static bool pass_name(struct scan *s)
{
    bool escaped;

    if (peek(s) != '"')
        return false;
    const char *start = s->p;
    if (!pass_string(s, &escaped))
        return false;
    size_t len = (size_t)(s->p - start);
    if (s->depth == 1) {
        if (s->out->count == s->out->room)
            return false;
        s->member = &s->out->members[s->out->count++];
        *s->member = (struct member){
            .name = start + 1, .name_len = len - 2, .raw_name = start, .raw_name_len = len};
        if (escaped && !decode_name(s, s->member))
            return false;
    }
    if (peek(s) != ':')
        return false;
    s->p++;
    return true;
}

static bool open_level(struct scan *s, bool object)
{
    if (s->depth == DEPTH_MAX)
        return false;
    s->depth++;
    s->objects = s->objects << 1 | object;
    s->p++;
    return true;
}

static bool close_level(struct scan *s)
{
    bool object = (s->objects & 1u) != 0;

    if (*s->p != (object ? '}' : ']'))
        return false;
    s->p++;
    s->depth--;
    s->objects >>= 1;
    return true;
}

static bool pass_scalar(struct scan *s, enum json_kind *kind)
{
    bool escaped;

    switch (*s->p) {
    case '"':
        *kind = JSON_STRING;
        return pass_string(s, &escaped);
    case 't':
        *kind = JSON_BOOL;
        return pass_word(s, "true", 4);
    case 'f':
        *kind = JSON_BOOL;
        return pass_word(s, "false", 5);
    case 'n':
        *kind = JSON_NULL;
        return pass_word(s, "null", 4);
    default:
        *kind = JSON_NUMBER;
        return pass_number(s);
    }
}

/* A value whose first character is at s->p: a scalar whole, of others the bracket and, where it is not
 * empty, what leads to its first value (*opened). */
static bool begin_value(struct scan *s, bool *opened)
{
    enum json_kind kind;
    bool outermost = s->depth == 1;
    const char *start = s->p;

    *opened = false;
    if (*start != '{' && *start != '[') {
        if (!pass_scalar(s, &kind))
            return false;
        if (outermost) {
            s->member->value_len = (size_t)(s->p - start);
            s->member->kind = kind;
            s->member->value = start;
        }
        return true;
    }
    if (outermost) {
        s->member->value = start;
        s->member->kind = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
    }
    if (!open_level(s, *start == '{'))
        return false;
    char c = peek(s);
    *opened = c != '}' && c != ']';
    return !*opened || (s->objects & 1u) == 0 || pass_name(s);
}

/* Behind a value: over brackets that end others, and a comma (and a name) that leads to the next one. *over: the record
 * ends here. */
static bool end_values(struct scan *s, bool *over)
{
    for (;;) {
        char c = peek(s);
        if (c == ',') {
            s->p++;
            return (s->objects & 1u) == 0 || pass_name(s);
        }
        if (c == '\0' || !close_level(s))
            return false;
        if (s->depth == 1)
            s->member->value_len = (size_t)(s->p - s->member->value);
        if (s->depth == 0) {
            *over = true;
            return true;
        }
    }
}

bool record_scan(struct record_scan *out, const char *text, size_t n)
{
    struct scan s = {.out = out, .p = text, .end = text + n, .objects = 1, .depth = 1};
    bool opened = true;
    bool over = false;

    out->count = 0;
    out->flags = 0;
    if (n < 2 || text[0] != '{')
        return false;
    s.p++;
    if (peek(&s) == '}')
        return s.p + 1 == s.end;
    if (!pass_name(&s))
        return false;
    while (!over) {
        if (peek(&s) == '\0' || !begin_value(&s, &opened))
            return false;
        if (!opened && !end_values(&s, &over))
            return false;
    }
    return s.p == s.end;
}

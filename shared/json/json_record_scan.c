/*
 * What keeps this short and quick: the record's last byte is checked to be a `}` before anything else, and no
 * token but a string goes on beyond a `}`. So only strings and brackets must look for the end, and `p` is never
 * beyond `last`. A function pass_X reads an X that begins at p, and returns the position behind it, or NULL for
 * "not sure".
 */
#include "shared/json/json_record_scan.h"
#include "shared/base/utf8.h"
#include "shared/json/json_strict.h"
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct scan {
    const char *last; /* the record's `}` */
    struct buf *names;
    uint32_t flags;
    bool escaped; /* a string since a member's name began has a backslash */
    bool spaced;  /* there are blanks between tokens */
};

static inline const char *pass_blanks(struct scan *s, const char *p)
{
    if ((unsigned char)*p > ' ')
        return p;
    s->spaced = true;
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* ---- strings ---- */

/* Passes ASCII that is neither a quote, nor a backslash, nor a control character. */
static inline const char *pass_plain(const char *p, const char *last)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (; last - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed: bytes from 0x80 on are below the blank, too. */
        __m128i stop =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)),
                         _mm_cmplt_epi8(x, space));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask != 0)
            return p + __builtin_ctz(mask);
    }
#endif
    while (p < last && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
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

/* The code unit of \uXXXX at p, or less than 0. */
static int code_unit(const char *p, const char *last)
{
    if (last - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    int a = hex(p[2]);
    int b = hex(p[3]);
    int c = hex(p[4]);
    int d = hex(p[5]);
    return (a | b | c | d) < 0 ? -1 : a * 4096 + b * 256 + c * 16 + d;
}

static const char *pass_unicode_escape(struct scan *s, const char *p)
{
    int unit = code_unit(p, s->last);

    if (unit < 0)
        return NULL;
    if (unit == 0)
        s->flags |= RECORD_HAS_NUL;
    if (unit < 0xD800 || unit > 0xDFFF)
        return p + 6;
    int low = unit < 0xDC00 ? code_unit(p + 6, s->last) : -1;
    return low >= 0xDC00 && low <= 0xDFFF ? p + 12 : NULL;
}

static const char *pass_escape(struct scan *s, const char *p)
{
    s->escaped = true;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        return pass_unicode_escape(s, p);
    default:
        return NULL;
    }
}

/* A character beyond ASCII. */
static const char *pass_utf8(const char *p, const char *last)
{
    unsigned char first = (unsigned char)*p;
    uint32_t c;

    if (first >= 0xC2 && first <= 0xDF) /* the most frequent ones */
        return ((unsigned char)p[1] & 0xC0u) == 0x80 ? p + 2 : NULL;
    size_t len = utf8_next(p, (size_t)(last - p), &c);
    return len > 0 ? p + len : NULL;
}

/* From within a string, at a byte that pass_plain stops at: passes the rest of the string. */
static const char *pass_rest_of_string(struct scan *s, const char *p)
{
    while (p < s->last && *p != '"') {
        if ((unsigned char)*p >= 0x80)
            p = pass_utf8(p, s->last);
        else if (*p == '\\')
            p = pass_escape(s, p);
        else
            return NULL;
        if (p == NULL)
            return NULL;
        p = pass_plain(p, s->last);
    }
    return p < s->last ? p + 1 : NULL;
}

/* The opening quote is at p. */
static inline const char *pass_string(struct scan *s, const char *p)
{
    p = pass_plain(p + 1, s->last);
    return *p == '"' ? p + 1 : pass_rest_of_string(s, p);
}

/* ---- numbers and words ---- */

static inline bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *pass_digits(const char *p, const char *last)
{
#ifdef __SSE2__
    /* Signed, the digits become the ten smallest numbers. */
    const __m128i down = _mm_set1_epi8((char)(-128 - '0'));
    const __m128i beyond = _mm_set1_epi8(-128 + 10);
    for (; last - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(_mm_add_epi8(x, down), beyond));
        if (mask != 0xFFFF)
            return p + __builtin_ctz(~mask);
    }
#else
    (void)last;
#endif
    while (digit(*p))
        p++;
    return p;
}

static const char *pass_number(struct scan *s, const char *p)
{
    const char *start = p;

    p += *p == '-';
    if (!digit(*p))
        return NULL;
    p = *p == '0' ? p + 1 : pass_digits(p, s->last);
    if (*p == '.') {
        if (!digit(p[1]))
            return NULL;
        p = pass_digits(p + 1, s->last);
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        const char *exponent = p;
        p = pass_digits(p, s->last);
        if (p == exponent)
            return NULL;
        if (p - exponent > 3)
            s->flags |= RECORD_WIDE_NUMBER;
    }
    if (p - start > RECORD_NUMBER)
        s->flags |= RECORD_WIDE_NUMBER;
    return p;
}

static inline const char *pass_word(const struct scan *s, const char *p, const char *word, size_t n)
{
    return (size_t)(s->last - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

static inline const char *pass_scalar(struct scan *s, const char *p, enum json_kind *kind)
{
    switch (*p) {
    case '"':
        *kind = JSON_STRING;
        return pass_string(s, p);
    case 't':
        *kind = JSON_BOOL;
        return pass_word(s, p, "true", 4);
    case 'f':
        *kind = JSON_BOOL;
        return pass_word(s, p, "false", 5);
    case 'n':
        *kind = JSON_NULL;
        return pass_word(s, p, "null", 4);
    default:
        *kind = JSON_NUMBER;
        return pass_number(s, p);
    }
}

/* ---- what stands within a member ---- */

static inline bool opens(char c)
{
    return c == '{' || c == '[';
}

/* Passes the colon behind a name, up to the value. */
static inline const char *pass_colon(struct scan *s, const char *p)
{
    if (*p != ':')
        p = pass_blanks(s, p);
    return *p == ':' ? pass_blanks(s, p + 1) : NULL;
}

/* The levels that are open within a member: one bit each, the lowest for the innermost level; 1 for an object, 0 for an
 * array. A further 1 stands above them. */
typedef uint64_t levels;
#define NO_LEVEL   1u
#define IS_FULL(l) ((l) >> 63 != 0)

static inline bool in_object(levels open)
{
    return (open & 1u) != 0;
}

static inline bool closes(char c, levels open)
{
    return c == (in_object(open) ? '}' : ']');
}

/* Behind a value: passes the brackets that end here, and the comma before the next value unless no level is open any more. */
static inline const char *pass_closers(struct scan *s, const char *p, levels *open)
{
    if (*p == ',')
        return pass_blanks(s, p + 1);
    for (p = pass_blanks(s, p); closes(*p, *open); p = pass_blanks(s, p)) {
        if (p == s->last)
            return NULL;
        p++;
        *open >>= 1;
        if (*open == NO_LEVEL)
            return p;
    }
    return *p == ',' ? pass_blanks(s, p + 1) : NULL;
}

/* Passes an array or object with all its content, of which only the grammar matters. */
static const char *pass_nested(struct scan *s, const char *p)
{
    levels open = NO_LEVEL;
    enum json_kind kind;

    for (;;) {
        bool filled = false;
        if (opens(*p)) {
            if (IS_FULL(open))
                return NULL;
            open = open << 1 | (*p == '{');
            p = pass_blanks(s, p + 1);
            filled = !closes(*p, open);
        } else if ((p = pass_scalar(s, p, &kind)) == NULL) {
            return NULL;
        }
        if (!filled && ((p = pass_closers(s, p, &open)) == NULL || open == NO_LEVEL))
            return p;
        if (in_object(open) &&
            (*p != '"' || (p = pass_string(s, p)) == NULL || (p = pass_colon(s, p)) == NULL))
            return NULL;
    }
}

/* ---- members ---- */

static bool decode_name(struct scan *s, struct member *m)
{
    if (buf_reserve(s->names, m->raw_name_len) != OK)
        return false;
    m->name = NULL;
    m->name_len =
        json_unescape(m->raw_name + 1, m->raw_name_len - 2, s->names->data + s->names->len);
    buf_grown(s->names, m->name_len);
    return true;
}

static inline const char *pass_member(struct scan *s, const char *p, struct member *m)
{
    if (*p != '"')
        return NULL;
    m->raw_name = p;
    m->name = p + 1;
    s->escaped = false;
    if ((p = pass_string(s, p)) == NULL)
        return NULL;
    m->raw_name_len = (size_t)(p - m->raw_name);
    m->name_len = m->raw_name_len - 2;
    if (s->escaped && !decode_name(s, m))
        return NULL;
    if ((p = pass_colon(s, p)) == NULL)
        return NULL;
    m->value = p;
    if (opens(*p)) {
        m->kind = *p == '{' ? JSON_OBJECT : JSON_ARRAY;
        p = pass_nested(s, p);
    } else {
        p = pass_scalar(s, p, &m->kind);
    }
    if (p != NULL)
        m->value_len = (size_t)(p - m->value);
    return p;
}

/* The object that text begins with; what it is not is found out by `last`, a bracket behind which nobody looks. Returns
 * its closing bracket, or NULL. */
static const char *scan_object(struct record_scan *out, const char *text, const char *last)
{
    struct scan s = {.last = last, .names = out->names};
    struct member *m = out->members;

    out->count = 0;
    const char *p = pass_blanks(&s, text + 1);
    for (bool more = *p != '}'; more; m++) {
        if (m == out->members + out->capacity || (p = pass_member(&s, p, m)) == NULL)
            return NULL;
        if (*p != ',')
            p = pass_blanks(&s, p);
        more = *p == ',';
        if (more)
            p = pass_blanks(&s, p + 1);
    }
    out->count = (size_t)(m - out->members);
    out->flags = s.flags;
    out->spaced = s.spaced;
    return *p == '}' ? p : NULL;
}

bool record_scan(struct record_scan *r, const char *text, size_t n)
{
    if (n < 2 || text[0] != '{' || text[n - 1] != '}')
        return false;
    return scan_object(r, text, text + n - 1) == text + n - 1;
}

size_t record_scan_first(struct record_scan *r, const char *text, size_t n)
{
    const char *last = memrchr(text, '}', n);

    if (last == NULL || text[0] != '{')
        return 0;
    const char *end = scan_object(r, text, last);
    return end != NULL ? (size_t)(end - text) + 1 : 0;
}

#include "extract/api/server_words.h"
#include "shared/base/utf8.h"
#include "shared/json/json_record.h"
#include "shared/json/json_strict.h"
#include <stdint.h>
#include <string.h>

#define BOM      "\xef\xbb\xbf"
#define ELLIPSIS "..."

/* Adds characters while there is room for them. */
struct line {
    char *to;
    size_t room; /* bytes, the ellipsis and the closing 0 not included */
    size_t len;
    size_t characters;
    size_t characters_max;
    bool blank; /* one is due before the next character */
    bool full;
};

static struct line line_of(char *to, size_t room, size_t characters)
{
    struct line l = {.room = room - sizeof ELLIPSIS, .characters_max = characters};
    l.to = to;
    *to = '\0';
    return l;
}

static void put(struct line *l, const char *s, size_t n)
{
    if (l->characters == l->characters_max || l->room - l->len < n) {
        l->full = true;
        return;
    }
    memcpy(l->to + l->len, s, n);
    l->len += n;
    l->characters++;
}

static void put_character(struct line *l, const char *s, size_t n)
{
    if (l->blank && l->len > 0)
        put(l, " ", 1);
    l->blank = false;
    put(l, s, n);
}

/* Runs of blanks and control characters are shown as one space. */
static bool is_blank(uint32_t c)
{
    return c == ' ' || c == 0xa0 || utf8_is_control(c);
}

static void put_text(struct line *l, const char *s, size_t n)
{
    for (size_t i = 0; i < n && !l->full;) {
        uint32_t c = 0;
        size_t len = utf8_next(s + i, n - i, &c);
        if (len == 0)
            put_character(l, "\xef\xbf\xbd", 3);
        else if (is_blank(c))
            l->blank = true;
        else
            put_character(l, s + i, len);
        i += len > 0 ? len : 1;
    }
}

static void finish(struct line *l)
{
    if (l->full) {
        memcpy(l->to + l->len, ELLIPSIS, sizeof ELLIPSIS - 1);
        l->len += sizeof ELLIPSIS - 1;
    }
    l->to[l->len] = '\0';
}

/* ---- JSON ---- */

static void put_string(struct line *l, const struct member *m)
{
    char plain[SERVER_WORDS_READ];
    size_t n = m->value_len - 2;
    put_text(l, plain, json_unescape(m->value + 1, n < sizeof plain ? n : sizeof plain, plain));
}

/* {"error":"..."}, {"message":"..."}, {"error":{"code":403,"message":"..."}} */
static bool put_json(struct line *l, struct json_splitter *s, const char *text, size_t n)
{
    static const char *const names[] = {"error", "message", "error_description", "detail", "title"};
    struct record r;
    bool deeper = true;
    while (deeper && json_splitter_run(s, text, n, &r, NULL) == OK) {
        deeper = false;
        for (size_t i = 0; i < sizeof names / sizeof *names && !deeper; i++) {
            const struct member *m = record_find(&r, names[i]);
            if (m != NULL && m->kind == JSON_STRING && m->value_len > 2) {
                put_string(l, m);
                return true;
            }
            if (m != NULL && m->kind == JSON_OBJECT) {
                text = m->value;
                n = m->value_len;
                deeper = true;
            }
        }
    }
    return false;
}

/* ---- text ---- */

/* The first line with something on it but tags. */
static void put_line(struct line *l, const char *s, size_t n)
{
    const char *end = s + n;
    bool html = n > 0 && *s == '<';
    while (s < end && l->len == 0) {
        const char *lf = memchr(s, '\n', (size_t)(end - s));
        const char *line_end = lf != NULL ? lf : end;
        while (s < line_end) {
            const char *tag = html ? memchr(s, '<', (size_t)(line_end - s)) : NULL;
            put_text(l, s, (size_t)((tag != NULL ? tag : line_end) - s));
            if (tag == NULL)
                break;
            const char *close = memchr(tag, '>', (size_t)(end - tag));
            l->blank = true;
            s = close != NULL ? close + 1 : end;
        }
        s = line_end < s ? s : line_end + (lf != NULL);
    }
}

/* How much of the text is for people, such as a warning by PHP or an HTML page: up to the first bracket of JSON; nothing of
 * XML. */
static size_t before_brackets(const char *s, size_t n)
{
    static const char xml[] = "<?xml";
    size_t i = 0;
    if (n >= sizeof xml - 1 && memcmp(s, xml, sizeof xml - 1) == 0)
        return 0;
    while (i < n && s[i] != '{' && s[i] != '[')
        i++;
    return i;
}

void server_words(const char *body, size_t n, bool json_only, char words[SERVER_WORDS_TEXT])
{
    struct line l = line_of(words, SERVER_WORDS_TEXT, SERVER_WORDS_MAX);
    struct json_splitter *s = NULL;
    bool found = false;
    bool whole =
        n < SERVER_WORDS_READ; /* a page's first part is no JSON: it need not be read to see that */
    if (n > SERVER_WORDS_READ)
        n = SERVER_WORDS_READ;
    if (n >= sizeof BOM - 1 && memcmp(body, BOM, sizeof BOM - 1) == 0) {
        body += sizeof BOM - 1;
        n -= sizeof BOM - 1;
    }
    while (n > 0 && (unsigned char)*body <= ' ') {
        body++;
        n--;
    }
    if (whole && n > 0 && *body == '{' && json_splitter_open(&s, NULL) == OK) {
        found = put_json(&l, s, body, n);
        json_splitter_close(s);
    }
    if (!found && json_only)
        n = before_brackets(body, n);
    if (!found)
        put_line(&l, body, n);
    finish(&l);
}

void server_words_clean(const char *text, char *out, size_t room)
{
    struct line l = line_of(out, room, room);
    put_text(&l, text, strlen(text));
    finish(&l);
}

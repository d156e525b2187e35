#include "spool/dead_report/dead_list.h"

#include "shared/json/json_hint.h"
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letter_line.h"
#include <inttypes.h>
#include <string.h>

#define COLUMNS      80
#define INDENT       4
#define TABLE_LEAST  8
#define TABLE_MOST   14
#define TIME_COLUMN  19 /* 2024-05-13 10:22:33 */
#define SINCE_COLUMN 16 /* ... to the minute */

static int table_width(const char *table)
{
    int n = (int)strlen(table);
    return n < TABLE_LEAST ? TABLE_LEAST : n > TABLE_MOST ? TABLE_MOST : n;
}

/* A name that is too long for its column ends with dots; the paragraph below has all of it. */
static void put_table(FILE *out, const char *table)
{
    int width = table_width(table);
    if (strlen(table) > TABLE_MOST)
        (void)fprintf(out, "%.*s..", width - 2, table);
    else
        (void)fprintf(out, "%-*s", width, table);
}

void dead_list_head(FILE *out, const char *table)
{
    (void)fprintf(out, "%-*s  %-10s  %-*s  %-*s  reason\n", table_width(table), "table", "key",
                  TIME_COLUMN, "time", SINCE_COLUMN, "since");
}

/* Copies a text of the source into a column: printable ASCII only. */
static const char *plain(const char *s, size_t n, char out[TIME_COLUMN + 1])
{
    size_t len = n < TIME_COLUMN ? n : TIME_COLUMN;
    for (size_t i = 0; i < len; i++)
        out[i] = s[i];
    for (size_t i = 0; i < len; i++)
        if (out[i] < 0x20 || out[i] > 0x7e)
            out[i] = '?';
    out[len] = 0;
    return len > 0 ? out : "-";
}

void dead_list_line(FILE *out, const char *table, const char *key_name,
                    const struct dead_letter *letter)
{
    char time[TIME_COLUMN + 1];
    char since[WHEN_TEXT];
    struct json_hint hint = json_hint_read(key_name, letter->raw, letter->raw_len);
    bool refused = strcmp(letter->reason, "refused") == 0;
    put_table(out, table);
    (void)fprintf(out, "  %-10.*s  %-*s  %-*.*s  %s%s%s\n",
                  hint.key_len > 0 ? (int)hint.key_len : 1, hint.key_len > 0 ? hint.key : "-",
                  TIME_COLUMN, plain(hint.time, hint.time_len, time), SINCE_COLUMN, SINCE_COLUMN,
                  when_people(letter->at, since), letter->reason, refused ? " " : "",
                  refused ? letter->sqlstate : "");
}

static size_t width_of(const char *s, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++)
        width += ((unsigned char)s[i] & 0xc0) != 0x80;
    return width;
}

/* Writes the words of s in indented lines that end before COLUMNS. */
void dead_list_paragraph(FILE *out, const char *s)
{
    size_t column = 0;
    while (*s) {
        size_t n = strcspn(s, " \n\r\t");
        size_t width = width_of(s, n);
        if (n > 0) {
            bool fits = column > 0 && column + 1 + width <= COLUMNS;
            if (!fits)
                (void)fprintf(out, "%s%*s", column > 0 ? "\n" : "", INDENT, "");
            (void)fprintf(out, "%s%.*s", fits ? " " : "", (int)n, s);
            column = fits ? column + 1 + width : INDENT + width;
        }
        s += n;
        s += strspn(s, " \n\r\t");
    }
    if (column > 0)
        (void)fputc('\n', out);
}

/* The message may hold what the API or the database said, so its control characters are escaped. */
void dead_list_message(FILE *out, const char *message)
{
    struct buf text;
    buf_init(&text, (size_t)4096);
    if (buf_add_text(&text, message, strlen(message)) == OK)
        dead_list_paragraph(out, text.data);
    buf_free(&text);
}

void dead_list_reasons(FILE *out, const char *table, enum dead_side side,
                       const struct dead_reasons *reasons)
{
    for (size_t i = 0; i < reasons->count; i++) {
        struct dead_advice advice;
        struct dead_reasons one = {.count = 1, .list = &reasons->list[i]};
        char text[DEAD_REASONS_TEXT];
        const struct dead_reason *reason = &reasons->list[i];
        dead_advice(&advice, side, table, reason);
        (void)fprintf(out, "\n%s, by the %s: %s\n", table,
                      side == DEAD_EXTRACT ? "extractor" : "loader", dead_reasons_text(&one, text));
        if (*reason->message)
            dead_list_message(out, reason->message);
        dead_list_paragraph(out, advice.sentence);
        if (*advice.command)
            (void)fprintf(out, "%*s%s\n", 2 * INDENT, "", advice.command);
        if (strcmp(reason->word, "damaged") == 0)
            continue;
        dead_list_paragraph(out, "Or list it no more:");
        (void)fprintf(out, "%*snetty-spool dead --dismiss %s --reason %s\n", 2 * INDENT, "", table,
                      reason->word);
    }
}

/* JSON has no number with zeros before it. */
static bool is_number(const struct json_hint *hint)
{
    size_t sign = hint->key_len > 0 && hint->key[0] == '-';
    return hint->key_len > sign && (hint->key[sign] != '0' || hint->key_len == sign + 1);
}

static enum err_code add_key(struct buf *b, const struct json_hint *hint)
{
    enum err_code rc = buf_adds(b, ",\"key\":");
    if (rc != OK)
        return rc;
    if (hint->key_len == 0)
        return buf_adds(b, "null");
    return is_number(hint) ? buf_add(b, hint->key, hint->key_len)
                           : buf_add_json(b, hint->key, hint->key_len);
}

static enum err_code add_members(struct buf *b, const char *table, enum dead_side side,
                                 const char *key_name, const struct dead_letter *letter)
{
    struct json_hint hint = json_hint_read(key_name, letter->raw, letter->raw_len);
    struct dead_reason reason = {0};
    struct dead_advice advice;
    char at[WHEN_TEXT];
    char time[TIME_COLUMN + 1];
    enum err_code rc;
    (void)snprintf(reason.word, sizeof reason.word, "%s", letter->reason);
    dead_advice(&advice, side, table, &reason);
    if ((rc = buf_addf(b, "{\"table\":\"%s\",\"side\":\"%s\"", table,
                       side == DEAD_EXTRACT ? "extract" : "load")) != OK ||
        (rc = add_key(b, &hint)) != OK || (rc = buf_adds(b, ",\"time\":")) != OK)
        return rc;
    (void)plain(hint.time, hint.time_len, time);
    rc = hint.time_len > 0 ? buf_add_json(b, time, strlen(time)) : buf_adds(b, "null");
    if (rc == OK)
        rc = buf_addf(b, ",\"since\":\"%s\",\"todo\":\"%s%s%s\"", when_iso(letter->at, at),
                      advice.sentence, *advice.command ? " " : "", advice.command);
    return rc;
}

enum err_code dead_list_json(FILE *out, const char *table, enum dead_side side,
                             const char *key_name, const struct dead_letter *letter,
                             const char *extra, struct err *e)
{
    struct buf line;
    enum err_code rc;
    buf_init(&line, DEAD_LETTER_LINE_MAX + 4096);
    if ((rc = add_members(&line, table, side, key_name, letter)) == OK &&
        (rc = buf_adds(&line, extra)) == OK && (rc = buf_addc(&line, ',')) == OK) {
        size_t begin = line.len;
        if ((rc = dead_letter_line_add(&line, letter)) == OK)
            line.data[begin] =
                ' '; /* instead of the brace that begins the dead letter's own object: one object */
    }
    if (rc != OK)
        (void)buf_err(e, rc, &line, "a dead letter");
    else
        (void)fputs(line.data, out);
    buf_free(&line);
    return rc;
}

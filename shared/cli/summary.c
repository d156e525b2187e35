#include "shared/cli/summary.h"
#include "shared/base/buf.h"
#include "shared/base/units.h"
#include "shared/base/utf8.h"
#include "shared/time/when.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)64 << 20)
#define COLUMN_GAP 2

/* Rows are kept as one flat list: row r, column c is cells[r * columns + c]. */
struct summary {
    bool json;
    bool terminal; /* the table is for a terminal */
    size_t width;  /* of the terminal, in columns; 0: not known, or none */
    size_t columns;
    struct cell *cells; /* name and str are owned */
    size_t count;
    struct cell lead; /* the first of each row to come, where it has a text; borrowed */
};

enum err_code summary_open(struct summary **s, bool json, struct err *e)
{
    *s = calloc(1, sizeof **s);
    if (*s == NULL)
        return err_set(e, ERR_NOMEM, "the summary: out of memory");
    (*s)->json = json;
    return OK;
}

/* struct cell has const pointers for the callers; the copies here are owned. */
static void cell_release(struct cell *cell)
{
    free((void *)cell->name);
    free((void *)cell->str);
}

void summary_close(struct summary *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        cell_release(&s->cells[i]);
    free(s->cells);
    free(s);
}

static bool cell_copy(struct cell *to, const struct cell *from)
{
    bool has_text = from->type == CELL_STR && from->str != NULL;
    *to = *from;
    to->name = strdup(from->name);
    to->str = has_text ? strdup(from->str) : NULL;
    if (to->name != NULL && (to->str != NULL || !has_text))
        return true;
    cell_release(to);
    return false;
}

void summary_lead(struct summary *s, const char *name, const char *value)
{
    s->lead = (struct cell){.name = name, .type = CELL_STR, .str = value};
}

enum err_code summary_row(struct summary *s, const struct cell *cells, size_t n, struct err *e)
{
    size_t lead = s->lead.str != NULL;
    n += lead;
    if (n == lead || (s->columns != 0 && n != s->columns))
        return err_set(e, ERR_INTERNAL, "a summary row has %zu columns instead of %zu", n,
                       s->columns);
    struct cell *grown = reallocarray(s->cells, s->count + n, sizeof *grown);
    if (grown == NULL)
        return err_set(e, ERR_NOMEM, "the summary: out of memory");
    s->cells = grown;
    for (size_t i = 0; i < n; i++) {
        if (cell_copy(&grown[s->count + i], i < lead ? &s->lead : &cells[i - lead]))
            continue;
        while (i > 0)
            cell_release(&grown[s->count + --i]);
        return err_set(e, ERR_NOMEM, "the summary: out of memory");
    }
    s->count += n;
    s->columns = n;
    return OK;
}

/* --- JSON ----------------------------------------------------------------------------------------
 */

static enum err_code add_json_time(struct buf *out, int64_t t)
{
    char text[WHEN_TEXT];
    if (t == WHEN_NONE)
        return buf_adds(out, "null");
    return buf_addf(out, "\"%s\"", when_iso(t, text));
}

static enum err_code add_json_value(struct buf *out, const struct cell *cell)
{
    char text[UNITS_TEXT];
    switch (cell->type) {
    case CELL_STR:
        return cell->str == NULL ? buf_adds(out, "null")
                                 : buf_add_json(out, cell->str, strlen(cell->str));
    case CELL_INT:
        return buf_addf(out, "%" PRId64, cell->num);
    case CELL_SECONDS:
        return buf_adds(out, units_show_seconds(cell->num, text));
    case CELL_TIME:
        return add_json_time(out, cell->num);
    case CELL_NONE:
    default:
        return buf_adds(out, "null");
    }
}

static enum err_code add_json_row(struct buf *out, const struct cell *row, size_t n)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        rc = buf_addc(out, i == 0 ? '{' : ',');
        if (rc == OK)
            rc = buf_add_json(out, row[i].name, strlen(row[i].name));
        if (rc == OK)
            rc = buf_addc(out, ':');
        if (rc == OK)
            rc = add_json_value(out, &row[i]);
    }
    return rc == OK ? buf_adds(out, "}\n") : rc;
}

static enum err_code build_json(const struct summary *s, struct buf *out)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < s->count && rc == OK; i += s->columns)
        rc = add_json_row(out, &s->cells[i], s->columns);
    return rc;
}

/* --- For people ----------------------------------------------------------------------------------
 */

static enum err_code add_text_value(const struct summary *s, struct buf *out,
                                    const struct cell *cell)
{
    char text[UNITS_TEXT > WHEN_TEXT ? UNITS_TEXT : WHEN_TEXT];
    switch (cell->type) {
    case CELL_STR:
        return cell->str == NULL ? buf_addc(out, '-')
                                 : buf_add_text(out, cell->str, strlen(cell->str));
    case CELL_INT:
        return s->terminal ? buf_adds(out, units_show_count(cell->num, text))
                           : buf_addf(out, "%" PRId64, cell->num);
    case CELL_SECONDS:
        return buf_adds(out, units_show_seconds(cell->num, text));
    case CELL_TIME:
        return buf_adds(out, when_people(cell->num, text));
    case CELL_NONE:
    default:
        return buf_addc(out, '-');
    }
}

/* A column aligns as its numbers do, even where its first row has none. */
static bool is_numeric(const struct summary *s, size_t column)
{
    for (size_t i = column; i < s->count; i += s->columns)
        if (s->cells[i].type == CELL_INT || s->cells[i].type == CELL_SECONDS)
            return true;
    return false;
}

/* A member of the JSON keeps its name for ever. For people the heading is the word that all other texts use. */
static const char *heading_of(const char *name)
{
    static const struct {
        const char *name;
        const char *heading;
    } others[] = {{"set_aside", "dead_letters"}, {"set_aside_of", "dead_letters_of"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i].name) == 0)
            return others[i].heading;
    return name;
}

/* text is scratch space for the text of one cell. */
static enum err_code column_width(const struct summary *s, size_t column, struct buf *text,
                                  size_t *width)
{
    const char *heading = heading_of(s->cells[column].name);
    enum err_code rc = OK;
    *width = utf8_columns(heading, strlen(heading));
    for (size_t i = column; i < s->count && rc == OK; i += s->columns) {
        buf_reset(text);
        rc = add_text_value(s, text, &s->cells[i]);
        size_t columns = utf8_columns(text->data, text->len);
        *width = columns > *width ? columns : *width;
    }
    return rc;
}

static enum err_code add_blanks(struct buf *out, size_t n)
{
    return buf_addf(out, "%*s", (int)n, "");
}

struct column {
    size_t width;
    bool right;
    bool last; /* no blanks at the line's end */
};

static enum err_code add_aligned(struct buf *out, const struct buf *text,
                                 const struct column *column)
{
    size_t columns = utf8_columns(text->data, text->len);
    size_t fill = column->width > columns ? column->width - columns : 0;
    enum err_code rc = column->right ? add_blanks(out, fill) : OK;
    if (rc == OK)
        rc = buf_add(out, text->data, text->len);
    if (rc == OK && column->last)
        return buf_addc(out, '\n');
    return rc == OK ? add_blanks(out, (column->right ? 0 : fill) + COLUMN_GAP) : rc;
}

/* Are the two shown alike? Times are shown to the second. */
static bool is_same(const struct cell *a, const struct cell *b)
{
    int64_t unit = a->type == CELL_TIME ? WHEN_SECOND : 1;
    if (a->type != b->type || a->num / unit != b->num / unit)
        return false;
    return a->str == b->str || (a->str != NULL && b->str != NULL && strcmp(a->str, b->str) == 0);
}

/* Returns how many of the first columns it takes to tell each row from the row above it. */
static size_t count_names(const struct summary *s)
{
    size_t names = 1;
    for (size_t row = s->columns; row < s->count; row += s->columns) {
        size_t same = 0;
        while (same < s->columns &&
               is_same(&s->cells[row + same], &s->cells[row + same - s->columns]))
            same++;
        if (same < s->columns && same + 1 > names)
            names = same + 1;
    }
    return names;
}

/* A block of columns: the first ones, which name the rows, and those from..end. */
struct block {
    size_t names;
    size_t from;
    size_t end;
};

/* Returns the next block: as many columns as fit into the terminal's width, at least one. */
static struct block next_block(const struct summary *s, const struct column *columns, size_t names,
                               size_t from)
{
    struct block b = {.names = names, .from = from, .end = from};
    size_t width = 0;
    for (size_t i = 0; i < names; i++)
        width += columns[i].width + COLUMN_GAP;
    while (b.end < s->columns &&
           (b.end == from || s->width == 0 || width + columns[b.end].width <= s->width))
        width += columns[b.end++].width + COLUMN_GAP;
    return b;
}

/* row: in s->cells; SIZE_MAX: the headings. */
static enum err_code add_line(const struct summary *s, const struct column *columns,
                              const struct block *b, size_t row, struct buf *text, struct buf *out)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < b->end && rc == OK; i++) {
        struct column column = columns[i];
        if (i >= b->names && i < b->from)
            continue;
        column.last = i + 1 == b->end;
        buf_reset(text);
        rc = row == SIZE_MAX ? buf_adds(text, heading_of(s->cells[i].name))
                             : add_text_value(s, text, &s->cells[row + i]);
        if (rc == OK)
            rc = add_aligned(out, text, &column);
    }
    return rc;
}

/* columns[] has one entry a column. What does not fit beside those that name the rows stands below. */
static enum err_code add_blocks(const struct summary *s, const struct column *columns,
                                struct buf *text, struct buf *out)
{
    const size_t names = count_names(s);
    enum err_code rc = OK;
    struct block b = {.end = names};
    for (bool first = true; rc == OK && (first || b.end < s->columns); first = false) {
        b = next_block(s, columns, names, b.end);
        if (!first)
            rc = buf_addc(out, '\n');
        if (rc == OK)
            rc = add_line(s, columns, &b, SIZE_MAX, text, out);
        for (size_t row = 0; row < s->count && rc == OK; row += s->columns)
            rc = add_line(s, columns, &b, row, text, out);
    }
    return rc;
}

static enum err_code build_text(const struct summary *s, struct buf *out)
{
    if (s->columns == 0)
        return OK;
    struct column *columns = calloc(s->columns, sizeof *columns);
    if (columns == NULL)
        return ERR_NOMEM;
    struct buf text;
    buf_init(&text, OUTPUT_MAX);
    enum err_code rc = OK;
    for (size_t i = 0; i < s->columns && rc == OK; i++) {
        columns[i].right = is_numeric(s, i);
        rc = column_width(s, i, &text, &columns[i].width);
    }
    if (rc == OK)
        rc = add_blocks(s, columns, &text, out);
    buf_free(&text);
    free(columns);
    return rc;
}

static void look_at_terminal(struct summary *s, FILE *out)
{
    struct winsize size = {0};
    int fd = fileno(out);
    s->terminal = fd >= 0 && isatty(fd) == 1;
    s->width = s->terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

enum err_code summary_print(struct summary *s, FILE *out, struct err *e)
{
    struct buf text;
    buf_init(&text, OUTPUT_MAX);
    look_at_terminal(s, out);
    enum err_code rc = s->json ? build_json(s, &text) : build_text(s, &text);
    if (rc != OK)
        (void)buf_err(e, rc, &text, "the summary");
    else if ((fwrite(text.data, 1, text.len, out) != text.len || fflush(out) != 0) &&
             errno != EPIPE) /* a reader that has gone, as `head` does, has had enough */
        rc = err_sys(e, ERR_IO, "cannot write the summary");
    buf_free(&text);
    return rc;
}

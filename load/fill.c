#include "load/fill.h"
#include "load/letters.h"
#include "shared/log.h"
#include "spool/reader.h"
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX  65536u
#define SHAPES_MAX 16u /* of a batch: with more of them no names are told */
#define DATA_MAX   ((size_t)READER_LINE_MAX + 4096)
#define PAGES_TURN 256u /* passed over before the loop gets its turn */
#define LINES_ROW                                                                                  \
    16u /* read for each row of a batch: thousands of versions may fold into one row */

struct fill {
    struct fill_conf conf;
    struct batch_conf shape; /* of the next batch */
    char *table;
    struct reader *reader;
    struct letters *letters; /* redrive, else NULL */
    struct rower *rower;
    struct batch *batch;
    struct aside *aside;
    struct page_info info;
    const struct page_info *page; /* info, whose lines are being read, or NULL */
    uint64_t lines;               /* of it read */
    struct progress whole;        /* the last page that is read entirely */
    struct progress resume;       /* where fill_seek sent us, while line > 0 matters */
    struct progress reached;
    unsigned lanes;        /* whose lines are taken */
    struct progress until; /* nothing behind it, where bounded */
    bool bounded;
    struct fill_tally tally[LANES];
    uint64_t read;        /* of all lanes */
    struct batch_row row; /* the row at hand, its data in `data` */
    struct buf data;
    struct buf names;
    bool held;  /* the row at hand did not fit into the last batch */
    bool moved; /* something to commit, be it only progress */
    uint64_t damaged;
};

enum err_code fill_open(struct fill **out, const struct spool *s, const char *table,
                        const struct fill_conf *conf, struct err *e)
{
    enum err_code rc = ERR_NOMEM;
    struct fill *f = calloc(1, sizeof *f);

    if (f == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&f->data, DATA_MAX);
    buf_init(&f->names, NAMES_MAX);
    f->conf = *conf;
    f->shape = conf->batch;
    f->lanes = LANES_ALL;
    f->table = strdup(table);
    if (f->table == NULL)
        err_set(e, ERR_NOMEM, "out of memory");
    else if ((rc = conf->letters ? letters_open(&f->letters, s, table, e)
                                 : reader_open(&f->reader, s, table, e)) == OK &&
             (rc = rower_open(&f->rower, &conf->row, e)) == OK &&
             (rc = batch_open(&f->batch, &conf->batch, e)) == OK)
        rc = aside_open(&f->aside, s, table, e);
    if (rc != OK) {
        fill_close(f);
        return rc;
    }
    *out = f;
    return OK;
}

void fill_close(struct fill *f)
{
    if (f == NULL)
        return;
    aside_close(f->aside);
    batch_close(f->batch);
    rower_close(f->rower);
    if (f->reader != NULL)
        reader_close(f->reader);
    letters_close(f->letters);
    buf_free(&f->data);
    buf_free(&f->names);
    free(f->table);
    free(f);
}

static void start_batch(struct fill *f)
{
    batch_reset(f->batch, &f->shape);
    aside_keep(f->aside, 0);
    memset(f->tally, 0, sizeof f->tally);
    f->read = 0;
    f->moved = false;
}

enum err_code fill_seek(struct fill *f, const struct progress *at, struct err *e)
{
    struct page_place after = at->place;

    if (at->line > 0 && after.page > 0)
        after.page--; /* that page again, from its line on */
    start_batch(f);
    f->page = NULL;
    f->held = false;
    f->whole = (struct progress){.place = after};
    f->resume = *at;
    f->reached = *at;
    if (f->letters != NULL) {
        letters_back(f->letters);
        return OK;
    }
    return reader_seek(f->reader, after, e);
}

void fill_shape(struct fill *f, size_t rows_max, bool fold)
{
    f->shape.rows_max = rows_max;
    f->shape.fold = fold;
}

void fill_lanes(struct fill *f, unsigned lanes, const struct progress *until)
{
    f->lanes = lanes;
    f->bounded = until != NULL;
    if (until != NULL)
        f->until = *until;
}

static bool still_refused(void *ctx, struct page_place place, uint64_t line)
{
    const struct fill *f = ctx;

    return f->conf.look || aside_has(f->aside, place, line);
}

enum err_code fill_settle(struct fill *f, struct err *e)
{
    enum err_code rc = OK;

    if (f->letters != NULL)
        rc = letters_settle(f->letters, still_refused, f, e);
    aside_settled(f->aside);
    start_batch(f);
    return rc;
}

enum err_code fill_refused(struct fill *f, const struct batch_row *row, const struct err *why,
                           struct err *e)
{
    struct dead_letter again = {.place = row->place, .line = row->line};

    if (f->letters != NULL) /* the file has it already */
        return aside_add(f->aside, &again, e);
    return aside_refused(f->aside, row->place, row->line, why, e);
}

enum err_code fill_write_aside(struct fill *f, struct err *e)
{
    if (f->letters != NULL || aside_write(f->aside, e) == OK)
        return OK;
    return err_prefix(e, "cannot set records aside, for which the spool must be writable");
}

static bool wanted(const struct fill *f, const struct page_info *p)
{
    const struct fill_conf *c = &f->conf;

    return (c->segment == 0 || p->place.segment == c->segment) &&
           (c->fetched_from == WHEN_NONE || p->fetched >= c->fetched_from) &&
           (c->fetched_to == WHEN_NONE || p->fetched < c->fetched_to);
}

/* Lines of the page that an earlier run has committed. */
static enum err_code skip_lines(struct fill *f, struct err *e)
{
    const char *line;
    size_t n;

    if (f->resume.line == 0 || page_compare(f->page->place, f->resume.place) != 0)
        return OK;
    while (f->lines < f->resume.line && f->lines < f->page->records) {
        enum err_code rc = reader_line(f->reader, &line, &n, e);
        if (rc != OK && rc != ERR_TOO_BIG)
            return rc;
        f->lines++;
    }
    return OK;
}

/* The page that has come is behind the bound: it waits for the next fill_seek. What lies before it is gone or damaged, so the bound is
 * reached. */
static bool too_far(struct fill *f)
{
    struct progress begin = {f->info.place, 1};

    if (!f->bounded || progress_compare(&begin, &f->until) <= 0)
        return false;
    if (progress_compare(&f->whole, &f->until) < 0) {
        f->whole = f->reached = f->until;
        f->moved = true;
    }
    return true;
}

static bool at_bound(const struct fill *f)
{
    return f->bounded && progress_compare(&f->whole, &f->until) >= 0;
}

/* On to the next page that is wanted and sound: f->page, or NULL with *what = FILL_END or
 * FILL_MORE. */
static enum err_code turn_page(struct fill *f, enum fill_what *what, struct err *e)
{
    *what = FILL_END;
    if (at_bound(f))
        return OK;
    for (unsigned i = 0; i < PAGES_TURN; i++) {
        enum reader_what got = READER_END;
        struct err damage = ERR_INIT;
        const struct page_info *page = NULL;
        enum err_code rc = reader_next(f->reader, &page, &got, &damage);

        f->page = NULL;
        if (rc != OK) {
            *e = damage;
            return rc;
        }
        *what = FILL_END;
        if (got == READER_END)
            return OK;
        if (got == READER_DAMAGED) {
            f->damaged++;
            LOG(LOG_ERROR, "damaged",
                "a damaged page is passed over; netty-spool verify tells more",
                F_STR("table", f->table), F_ERR(&damage));
            continue;
        }
        f->lines = 0;
        f->info = *page;
        if (too_far(f))
            return OK;
        if (wanted(f, page)) {
            f->page = &f->info;
            return skip_lines(f, e);
        }
        f->whole = (struct progress){.place = page->place};
    }
    *what = FILL_MORE;
    return OK;
}

static enum err_code set_aside(struct fill *f, const struct row_refusal *why, const char *line,
                               size_t n, struct err *e)
{
    struct dead_letter letter = {
        .at = when_now(),
        .reason = why->reason,
        .sqlstate = why->sqlstate,
        .message = why->message,
        .file = f->letters != NULL ? "" : reader_file(f->reader),
        .place = f->row.place,
        .line = f->row.line,
        .raw = line,
        .raw_len = f->letters != NULL ? 0 : n,
    };
    return aside_add(f->aside, &letter, e);
}

/* A line has been dealt with. */
static void count(struct fill *f, unsigned lane, enum batch_add outcome)
{
    f->tally[lane].read++;
    f->tally[lane].folded += outcome == BATCH_FOLDED;
    f->tally[lane].stale += outcome == BATCH_STALE;
    f->read++;
    f->lines++;
    f->moved = true;
}

static bool in_lanes(const struct fill *f, unsigned lane)
{
    return (f->lanes >> lane & 1u) != 0;
}

/* The line is of a lane that has it already. */
static enum err_code leave_out(struct fill *f)
{
    f->lines++;
    f->moved = true;
    return OK;
}

/* Offers the row at hand. *full: it waits for the next batch. */
static enum err_code offer(struct fill *f, bool *full, struct err *e)
{
    enum batch_add outcome = BATCH_ADDED;
    enum err_code rc = batch_add(f->batch, &f->row, f->data.data, &outcome, e);

    if (rc != OK)
        return rc;
    *full = f->held = outcome == BATCH_FULL;
    if (*full)
        return OK;
    count(f, lane_of(f->row.row.key), outcome);
    *full = f->read / LINES_ROW >= f->shape.rows_max;
    return OK;
}

/* A line that is refused is lane 0's. */
static enum err_code refuse(struct fill *f, const struct row_refusal *why, const char *line,
                            size_t n, bool *full, struct err *e)
{
    enum err_code rc;

    if (!in_lanes(f, 0))
        return leave_out(f);
    if ((rc = set_aside(f, why, line, n, e)) != OK)
        return rc;
    count(f, 0, BATCH_ADDED);
    *full = aside_full(f->aside);
    return OK;
}

/* Of a line that nobody can read the letter tells the place only. */
static enum err_code refuse_long(struct fill *f, bool *full, struct err *e)
{
    struct row_refusal why;

    row_too_long(&why, e->msg);
    *e = ERR_INIT;
    return refuse(f, &why, "", 0, full, e);
}

/* The line's record, whose place f->row has. */
static enum err_code take_line(struct fill *f, const char *line, size_t n, bool *full,
                               struct err *e)
{
    struct row_refusal why;
    bool refused = false;
    enum err_code rc;

    buf_reset(&f->data);
    if ((rc = row_build(f->rower, line, n, &f->data, &f->row.row, &refused, &why, e)) != OK)
        return rc;
    if (refused)
        return refuse(f, &why, line, n, full, e);
    return in_lanes(f, lane_of(f->row.row.key)) ? offer(f, full, e) : leave_out(f);
}

/* The bound is within this page, and reached. */
static bool lines_bound(const struct fill *f)
{
    return f->bounded && f->until.line > 0 && f->lines >= f->until.line &&
           page_compare(f->page->place, f->until.place) == 0;
}

/* The page's lines, until the batch is full or the page is over. */
static enum err_code take_lines(struct fill *f, bool *full, struct err *e)
{
    enum err_code rc = OK;

    if (f->held && (rc = offer(f, full, e)) != OK)
        return rc;
    while (!*full && !(*full = lines_bound(f))) {
        const char *line = NULL;
        size_t n = 0;
        rc = reader_line(f->reader, &line, &n, e);
        if (rc == OK && line == NULL)
            break;
        f->row =
            (struct batch_row){.place = f->page->place, .line = f->page->first_line + f->lines};
        if (rc == ERR_TOO_BIG)
            rc = refuse_long(f, full, e);
        else if (rc == OK)
            rc = take_line(f, line, n, full, e);
        if (rc != OK)
            return rc;
    }
    if (f->lines > 0 && (f->held || f->lines < f->page->records)) {
        f->reached = (struct progress){f->page->place, f->lines};
    } else if (f->lines == 0 && f->held) {
        f->reached = f->whole;
    } else {
        f->whole = (struct progress){.place = f->page->place};
        f->reached = f->whole;
        f->moved = true;
        f->page = NULL;
    }
    return OK;
}

/* The same out of the letters; what does not fit goes back. */
static enum err_code take_letters(struct fill *f, enum fill_what *what, struct err *e)
{
    enum err_code rc = OK;
    bool full = false;

    while (!full) {
        const struct letter *l = NULL;
        if ((rc = letters_line(f->letters, &l, e)) != OK || l == NULL)
            break;
        f->row = (struct batch_row){.place = l->place, .line = l->line};
        if ((rc = take_line(f, l->raw, l->raw_len, &full, e)) != OK)
            break;
        if (f->held)
            letters_unline(f->letters);
        f->held = false;
    }
    *what = f->moved ? FILL_READY : FILL_END;
    if (rc == OK && !f->moved)
        rc = letters_flush(f->letters, e);
    return rc;
}

enum err_code fill_run(struct fill *f, enum fill_what *what, struct err *e)
{
    enum err_code rc = OK;
    bool full = false;

    if (f->letters != NULL)
        return take_letters(f, what, e);
    while (!full) {
        if (f->page == NULL && ((rc = turn_page(f, what, e)) != OK || f->page == NULL))
            break;
        if ((rc = take_lines(f, &full, e)) != OK)
            break;
    }
    if (rc == OK && (full || (f->moved && *what == FILL_END)))
        *what = FILL_READY;
    return rc;
}

struct batch *fill_batch(struct fill *f)
{
    return f->batch;
}

static bool has_shape(const uint64_t *shapes, size_t n, uint64_t shape)
{
    for (size_t i = 0; i < n; i++)
        if (shapes[i] == shape)
            return true;
    return false;
}

const char *fill_names(struct fill *f)
{
    uint64_t shapes[SHAPES_MAX];
    size_t n = 0;
    const char *data;

    for (size_t i = 0; i < batch_rows(f->batch); i++) {
        uint64_t shape = batch_row(f->batch, i, &data)->row.shape;
        if (has_shape(shapes, n, shape))
            continue;
        if (n == SHAPES_MAX)
            return "{}";
        shapes[n++] = shape;
    }
    buf_reset(&f->names);
    return row_names(f->rower, shapes, n, &f->names) == OK ? f->names.data : "{}";
}

struct aside *fill_aside(struct fill *f)
{
    return f->aside;
}

struct fill_tally fill_tally(const struct fill *f, unsigned lanes)
{
    struct fill_tally sum = {0};

    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0) {
            sum.read += f->tally[i].read;
            sum.folded += f->tally[i].folded;
            sum.stale += f->tally[i].stale;
        }
    return sum;
}

const struct progress *fill_reached(const struct fill *f)
{
    return &f->reached;
}

bool fill_gone(const struct fill *f, struct page_place place, uint64_t line)
{
    return f->letters != NULL && letters_gone(f->letters, place, line);
}

uint64_t fill_damaged(const struct fill *f)
{
    return f->damaged;
}

#include "spool/remote/pull_apply.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "spool/format/small_file.h"
#include "spool/journal/acked.h"
#include "spool/journal/journal.h"
#include "spool/journal/journal_rewrite.h"
#include "spool/segment/healed.h"
#include "spool/segment/pruned.h"
#include "spool/segment/segment.h"
#include "spool/store/table_dir.h"
#include "spool/writer/segment_seal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE     ((size_t)256 << 10)
#define LINES_MAX ((size_t)1 << 20)

/* The segment that pages are written into, and its table. */
struct apply {
    const struct spool *spool;
    struct object_reader *from;
    struct ship_note *note;
    struct pull_counts *counts;
    char *piece;

    char table[NAMES_TABLE_MAX + 1]; /* "": none yet */
    char dir[IO_PATH];
    struct spool_lock *lock;
    int acked_fd;
    bool grown; /* a segment was begun: the one before can be sealed */
    struct page_place last;
    uint64_t last_chain;
    uint64_t last_records;

    uint64_t segment; /* 0: none at hand */
    struct page_place previous;
    bool skip;  /* it is there for good: pruned, or sealed */
    bool named; /* its journal is there */
    int data_fd;
    struct journal *old;             /* the lines that are there already; NULL: no more of them */
    const struct journal_line *line; /* the next of them */
    uint64_t at;                     /* where the next line goes in the journal */
    uint64_t written;                /* up to where the file has lines */
    struct buf header;
    struct buf lines; /* to be written at `written` */
};

static enum err_code open_table(struct apply *a, const char *table, struct err *e)
{
    enum err_code rc = spool_lock(&a->lock, a->spool, table, e);
    if (rc != OK)
        return rc;
    (void)snprintf(a->table, sizeof a->table, "%s", table);
    a->last = (struct page_place){0, 0};
    a->last_chain = a->last_records = 0;
    a->grown = false;
    return table_dir(a->dir, a->spool, table, e);
}

/* Reads the next line of the journal that is there. */
static enum err_code next_old(struct apply *a, struct err *e)
{
    enum err_code rc = journal_next(a->old, &a->line, e);
    if (rc == OK && a->line->kind == JOURNAL_PAGE)
        return OK;
    /* The end, a line that was begun, or a footer: nothing that our lines could differ from. */
    journal_close(a->old);
    a->old = NULL;
    return rc;
}

static enum err_code remove_segment(const struct apply *a, uint64_t number, struct err *e)
{
    static const enum segment_file order[] = {SEGMENT_NEW, SEGMENT_TMP, SEGMENT_DATA, SEGMENT_ZST,
                                              SEGMENT_JOURNAL};
    enum err_code rc = OK;
    for (size_t i = 0; i < sizeof order / sizeof order[0] && rc == OK; i++)
        rc = segment_remove(a->dir, number, order[i], e);
    return rc;
}

/* Segment `from`, and all behind it, are of another history: removes them. */
static enum err_code cut(struct apply *a, uint64_t from, struct err *e)
{
    struct segment_list list = {0};
    struct acked acked = {.place = a->previous, .open = false};
    enum err_code rc;
    LOG(LOG_WARN, "history-replaced",
        "the pushed history is another than the one that was pulled before: it takes its place",
        F_STR("table", a->table), F_INT("segment", from));
    if ((rc = acked_write(&a->acked_fd, a->dir, &acked, e)) != OK ||
        (rc = segment_list_read(&list, a->dir, e)) != OK)
        return rc;
    for (size_t i = list.count; i > 0 && rc == OK; i--)
        if (list.entries[i - 1].number >= from)
            rc = remove_segment(a, list.entries[i - 1].number, e);
    segment_list_free(&list);
    return rc == OK ? io_sync_dir(a->dir, e) : rc;
}

/* Keeps the pages of this segment up to here, and removes those behind. */
static enum err_code cut_here(struct apply *a, struct err *e)
{
    enum err_code rc = cut(a, a->segment + 1, e);
    journal_close(a->old);
    a->old = NULL;
    if (rc == OK)
        rc = journal_rewrite(a->dir, a->segment, a->at, NULL, 0, e);
    a->written = a->at;
    return rc;
}

static enum err_code find_files(struct apply *a, unsigned *files, bool *pruned, struct err *e)
{
    struct segment_list list = {0};
    enum err_code rc = segment_list_all(&list, a->dir, e);
    *files = 0;
    *pruned = rc == OK && a->segment <= list.pruned;
    for (size_t i = 0; rc == OK && i < list.count; i++)
        if (list.entries[i].number == a->segment)
            *files = list.entries[i].files;
    segment_list_free(&list);
    return rc;
}

static enum err_code open_old(struct apply *a, const struct object_item *item, bool sealed,
                              struct err *e)
{
    enum err_code rc = journal_open(&a->old, a->dir, a->segment, e);
    if (rc != OK || (rc = journal_next(a->old, &a->line, e)) != OK)
        return rc;
    a->named = true;
    bool same = a->line->kind == JOURNAL_HEADER && a->line->n == item->n &&
                memcmp(a->line->text, item->text, item->n) == 0;
    a->at = a->written = item->n + 1;
    if (same) {
        if ((rc = next_old(a, e)) == OK)
            a->skip = sealed;
        return rc;
    }
    journal_close(a->old);
    a->old = NULL;
    a->named = false;
    return cut(a, a->segment, e);
}

/* Opens the records' file. That of a new segment has a name that no reader looks at. */
static enum err_code open_data(struct apply *a, struct err *e)
{
    if (a->data_fd >= 0 || a->skip)
        return OK;
    return segment_open(&a->data_fd, a->dir, a->segment, a->named ? SEGMENT_DATA : SEGMENT_NEW,
                        O_RDWR | O_CREAT, e);
}

static enum err_code open_segment(struct apply *a, const struct object_item *item, struct err *e)
{
    unsigned files;
    bool pruned;
    enum err_code rc;
    a->segment = item->line.header.segment;
    a->previous = item->line.header.previous;
    a->skip = a->named = false;
    a->at = a->written = item->n + 1;
    buf_reset(&a->header);
    buf_reset(&a->lines);
    if ((rc = buf_add(&a->header, item->text, item->n)) != OK ||
        (rc = buf_addc(&a->header, '\n')) != OK)
        return buf_err(e, rc, &a->header, "a journal's header");
    if ((rc = find_files(a, &files, &pruned, e)) != OK)
        return rc;
    a->skip = pruned;
    if (pruned)
        return OK;
    bool sealed = (files & SEGMENT_HAS(SEGMENT_ZST)) && !(files & SEGMENT_HAS(SEGMENT_DATA));
    if (files & SEGMENT_HAS(SEGMENT_JOURNAL))
        rc = open_old(a, item, sealed, e);
    if (rc == OK && a->named && !sealed && (files & SEGMENT_HAS(SEGMENT_NEW)) &&
        !(files & SEGMENT_HAS(SEGMENT_DATA))) /* a pull ended between the two names */
        rc = segment_rename(a->dir, a->segment, SEGMENT_NEW, SEGMENT_DATA, e);
    return rc;
}

/* Makes the journal before the records get their name, so that where there are records there is a journal. */
static enum err_code name_segment(struct apply *a, struct err *e)
{
    char name[SEGMENT_NAME_MAX];
    enum err_code rc;
    if ((rc = io_replace(a->dir, segment_name(name, a->segment, SEGMENT_JOURNAL), a->header.data,
                         a->header.len, e)) != OK)
        return rc;
    FAULT("pull-journal-created");
    if ((rc = segment_rename(a->dir, a->segment, SEGMENT_NEW, SEGMENT_DATA, e)) != OK ||
        (rc = io_sync_dir(a->dir, e)) != OK)
        return rc;
    FAULT("pull-segment-created");
    a->named = a->grown = true;
    return OK;
}

static enum err_code write_lines(struct apply *a, struct err *e)
{
    char path[IO_PATH];
    int fd = -1;
    enum err_code rc;
    if ((rc = segment_path(path, a->dir, a->segment, SEGMENT_JOURNAL, e)) != OK ||
        (rc = segment_open(&fd, a->dir, a->segment, SEGMENT_JOURNAL, O_WRONLY, e)) != OK)
        return rc;
    if ((rc = io_pwrite(fd, a->lines.data, a->lines.len, (int64_t)a->written, path, e)) == OK) {
        FAULT("pull-lines-written");
        rc = segment_sync(fd, a->dir, a->segment, SEGMENT_JOURNAL, e);
    }
    segment_drop(&fd);
    a->written += a->lines.len;
    buf_reset(&a->lines);
    return rc;
}

/* Makes what was taken of the segment so far durable, and visible. */
static enum err_code flush(struct apply *a, struct err *e)
{
    enum err_code rc;
    if (a->segment == 0 || a->skip || a->lines.len == 0)
        return OK;
    struct acked before = {.place = a->previous, .open = true};
    if ((rc = open_data(a, e)) != OK ||
        (rc = segment_sync(a->data_fd, a->dir, a->segment, SEGMENT_DATA, e)) != OK)
        return rc;
    FAULT("pull-records-synced");
    if (!a->named && (rc = name_segment(a, e)) != OK)
        return rc;
    /* acked.json must be there before a table's first line, so that it says that the line is not acknowledged yet. */
    struct acked known;
    enum acked_state state;
    if ((rc = acked_read(a->dir, &known, &state, e)) != OK)
        return rc;
    if (state != ACKED_KNOWN && (rc = acked_write(&a->acked_fd, a->dir, &before, e)) != OK)
        return rc;
    if ((rc = write_lines(a, e)) != OK)
        return rc;
    struct acked now = {.place = a->last, .open = true};
    return acked_write(&a->acked_fd, a->dir, &now, e);
}

/* Goes on to the line where the object's next page belongs. The lines before it stay as they are. */
static enum err_code find_line(struct apply *a, uint64_t page, struct err *e)
{
    enum err_code rc = OK;
    if (!a->old || a->line->page.place.page >= page)
        return OK;
    rc = flush(a, e);
    while (rc == OK && a->old && a->line->page.place.page < page) {
        a->at = a->line->at + a->line->n + 1;
        rc = next_old(a, e);
    }
    a->written = a->at;
    return rc;
}

static enum err_code close_segment(struct apply *a, struct err *e)
{
    enum err_code rc = flush(a, e);
    journal_close(a->old);
    a->old = NULL;
    segment_drop(&a->data_fd);
    a->segment = 0;
    return rc;
}

static enum err_code close_table(struct apply *a, struct err *e)
{
    enum err_code rc = close_segment(a, e);
    if (rc == OK && *a->table && a->last.segment > 0) {
        struct ship_table *t = ship_note_table(a->note, a->table);
        if (!t)
            return err_set(e, ERR_NOMEM, "out of memory");
        t->place = a->last;
        t->chain = a->last_chain;
        t->records = a->last_records ? a->last_records : t->records;
        if (a->grown)
            rc = seal_below(a->dir, a->table, a->last.segment, e);
    }
    acked_close(&a->acked_fd);
    spool_unlock(a->lock);
    a->lock = NULL;
    a->table[0] = '\0';
    return rc;
}

static enum err_code on_header(struct apply *a, const struct object_item *item, struct err *e)
{
    const struct journal_header *h = &item->line.header;
    enum err_code rc;
    if (strcmp(a->table, h->table) != 0) {
        if ((rc = close_table(a, e)) != OK || (rc = open_table(a, h->table, e)) != OK)
            return rc;
    } else if ((rc = close_segment(a, e)) != OK) {
        return rc;
    }
    return open_segment(a, item, e);
}

static enum err_code take_records(struct apply *a, const struct object_item *item, struct err *e)
{
    char path[IO_PATH];
    int64_t at = (int64_t)item->line.page.offset;
    size_t got = 1;
    enum err_code rc;
    if (a->skip || item->bytes == 0)
        return OK;
    if ((rc = open_data(a, e)) != OK ||
        (rc = segment_path(path, a->dir, a->segment, SEGMENT_DATA, e)) != OK)
        return rc;
    while (rc == OK && got > 0) {
        if ((rc = object_read(a->from, a->piece, PIECE, &got, e)) == OK && got > 0)
            rc = io_pwrite(a->data_fd, a->piece, got, at, path, e);
        at += (int64_t)got;
    }
    return rc;
}

/* The page's line is the same as the one that is there, or replaces a line that does not count. */
static enum err_code take_line(struct apply *a, const struct object_item *item, struct err *e)
{
    enum err_code rc = find_line(a, item->line.page.place.page, e);
    if (rc != OK)
        return rc;
    if (a->old) {
        bool same = a->line->n == item->n && memcmp(a->line->text, item->text, item->n) == 0;
        if (!same && a->skip)
            return err_set(e, ERR_CONFIG,
                           "%s: segment %" PRIu64
                           " here is of another history than the pushed one: pull into "
                           "a new folder (--spool)",
                           a->table, a->segment);
        if (!same && ((rc = flush(a, e)) != OK || (rc = cut_here(a, e)) != OK))
            return rc;
        if (same && (rc = next_old(a, e)) != OK)
            return rc;
    }
    a->at += item->n + 1;
    if (a->skip)
        return OK;
    if ((rc = buf_add(&a->lines, item->text, item->n)) != OK ||
        (rc = buf_addc(&a->lines, '\n')) != OK)
        return buf_err(e, rc, &a->lines, "a journal's lines");
    return OK;
}

static enum err_code on_page(struct apply *a, const struct object_item *item, struct err *e)
{
    enum err_code rc;
    if (a->segment == 0)
        return err_set(e, ERR_DAMAGED, "an object has a page of no segment");
    if (a->lines.len + item->n + 1 > LINES_MAX && (rc = flush(a, e)) != OK)
        return rc;
    if ((rc = take_line(a, item, e)) != OK || (rc = take_records(a, item, e)) != OK)
        return rc;
    a->last = (struct page_place){a->segment, item->line.page.place.page};
    a->last_chain = item->line.page.chain;
    if (item->line.page.records > 0)
        a->last_records = item->line.page.hash;
    a->counts->pages++;
    a->counts->bytes += item->bytes;
    return OK;
}

/* Is it a small file that this version knows? */
static bool is_known(const char *name)
{
    static const char *const names[] = {
        "healed.json",         "refetch.json",        "unreadable.json", "source.json",
        "dead-extract.ndjson", "runs-extract.ndjson", "refused.json",    "asked.json",
        "moved.json",          "roll.ndjson"};
    const char *slash = strchr(name, '/');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(slash ? slash + 1 : name, names[i]) == 0)
            return true;
    return false;
}

/* Adds the pushed spool's healed places to those that were healed here. The file lies in the folder .pull meanwhile. */
static enum err_code merge_healed(const struct apply *a, const char *dir, const struct buf *text,
                                  struct err *e)
{
    char from[IO_PATH];
    uint64_t pruned = 0;
    int lock = -1;
    enum err_code rc;
    if ((rc = io_path(from, spool_dir(a->spool), PULL_DIR, e)) != OK ||
        (rc = io_mkdirs(from, e)) != OK || /* an account's mirror has none yet */
        (rc = io_replace(from, HEALED_FILE, text->data, text->len, e)) != OK ||
        (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    if ((rc = pruned_read(dir, &pruned, e)) == OK || rc == ERR_DAMAGED)
        rc = healed_merge(dir, from, pruned, e);
    small_file_unlock(lock);
    return rc;
}

/* Takes a small file, in a table's folder or in the spool's own. */
static enum err_code on_file(struct apply *a, const struct object_item *item, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    char table[OBJECT_FILE_MAX];
    const char *slash = strchr(item->file, '/');
    const char *name = slash ? slash + 1 : item->file;
    struct buf text;
    enum err_code rc;
    if (!is_known(item->file))
        return OK;
    if ((rc = close_segment(a, e)) != OK)
        return rc;
    (void)snprintf(table, sizeof table, "%.*s", slash ? (int)(slash - item->file) : 0, item->file);
    if (slash)
        rc = table_make(dir, a->spool, table, e);
    else
        (void)snprintf(dir, sizeof dir, "%s", spool_dir(a->spool));
    if (rc != OK || (rc = io_path(path, dir, name, e)) != OK)
        return rc;
    bool healed = strcmp(name, HEALED_FILE) == 0;
    if (item->bytes == 0)
        return healed ? OK : safe_remove(path, e);
    buf_init(&text, OBJECT_SMALL_MAX);
    if ((rc = object_read_file(a->from, &text, e)) == OK)
        rc =
            healed ? merge_healed(a, dir, &text, e) : io_replace(dir, name, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

enum err_code pull_apply_item(struct apply *a, const struct object_item *item, struct err *e)
{
    if (item->kind == OBJECT_HEADER)
        return on_header(a, item, e);
    return item->kind == OBJECT_PAGE ? on_page(a, item, e) : on_file(a, item, e);
}

enum err_code pull_apply_end(struct apply *a, struct err *e)
{
    return close_table(a, e);
}

enum err_code pull_apply_open(struct apply **out, const struct spool *s, struct object_reader *r,
                              struct ship_note *note, struct pull_counts *counts, struct err *e)
{
    struct apply *a = *out = calloc(1, sizeof *a);
    if (!a)
        return err_set(e, ERR_NOMEM, "out of memory");
    *a = (struct apply){
        .spool = s, .from = r, .note = note, .counts = counts, .acked_fd = -1, .data_fd = -1};
    buf_init(&a->header, JOURNAL_LINE_MAX + 1);
    buf_init(&a->lines, LINES_MAX + JOURNAL_LINE_MAX);
    a->piece = malloc(PIECE);
    return a->piece ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

void pull_apply_close(struct apply *a)
{
    if (!a)
        return;
    journal_close(a->old);
    segment_drop(&a->data_fd);
    acked_close(&a->acked_fd);
    spool_unlock(a->lock);
    buf_free(&a->header);
    buf_free(&a->lines);
    free(a->piece);
    free(a);
}

enum err_code pull_apply(const struct spool *s, struct object_reader *r, struct ship_note *note,
                         struct pull_counts *counts, struct err *e)
{
    struct apply *a = NULL;
    struct object_item *item = malloc(sizeof *item);
    enum err_code rc = item ? OK : err_set(e, ERR_NOMEM, "out of memory");
    if (rc == OK)
        rc = pull_apply_open(&a, s, r, note, counts, e);
    while (rc == OK && (rc = object_next(r, item, e)) == OK && item->kind != OBJECT_END)
        rc = pull_apply_item(a, item, e);
    if (rc == OK)
        rc = pull_apply_end(a, e);
    pull_apply_close(a);
    free(item);
    return rc;
}

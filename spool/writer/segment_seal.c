#include "spool/writer/segment_seal.h"

#include "shared/files/fault_point.h"
#include "shared/time/when.h"
#include "spool/journal/journal.h"
#include "spool/journal/journal_rewrite.h"
#include "spool/segment/zstd_frames.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define CHUNK ZSTD_FRAMES_WHOLE

struct seal {
    const char *dir;
    const char *table;
    uint64_t number;
    struct journal_footer footer; /* the one that is there, or the one to be written */
    bool footed;
    uint64_t journal; /* bytes */
    int data_fd;
    int tmp_fd;
    char data_path[IO_PATH];
    char tmp_path[IO_PATH];
    struct zstd_frames_out *frames;
    XXH3_state_t *page_hash;
    XXH3_state_t *whole_hash;
    char *chunk;
};

/* Takes one line of the journal. Returns false for a line with which the segment cannot be sealed. */
static bool take_line(struct seal *s, const struct journal_line *line)
{
    const struct page_info *p = &line->page;
    struct journal_footer *f = &s->footer;
    switch (line->kind) {
    case JOURNAL_HEADER:
        return line->at == 0 && line->header.segment == s->number &&
               strcmp(line->header.table, s->table) == 0;
    case JOURNAL_PAGE:
        if (line->at == 0 || s->footed || p->place.page != f->pages + 1 || p->offset != f->bytes)
            return false;
        f->pages++;
        f->bytes += p->bytes;
        f->records += p->records;
        return true;
    case JOURNAL_FOOTER:
        s->footed = true;
        f->sealed = line->footer.sealed;
        f->hash = line->footer.hash;
        return line->footer.pages == f->pages && line->footer.bytes == f->bytes;
    case JOURNAL_END:
        s->journal = line->at;
        return line->tail == 0;
    case JOURNAL_BAD:
    case JOURNAL_BAD_END:
        break;
    }
    return false;
}

/* Sets the footer's totals. *fit: the segment can be sealed. */
static enum err_code check_pages(struct seal *s, bool *fit, struct err *e)
{
    const struct journal_line *line;
    struct journal_header next;
    struct err why = ERR_INIT;
    struct journal *j;
    *fit = false;
    enum err_code rc = journal_open(&j, s->dir, s->number, &why);
    if (rc != OK)
        return OK; /* no journal, so no pages: the reader reports it */
    do {
        if ((rc = journal_next(j, &line, e)) != OK)
            goto done;
        *fit = take_line(s, line);
    } while (*fit && line->kind != JOURNAL_END);
    if (journal_read_header(s->dir, s->number + 1, &next, &why) == OK &&
        next.previous.segment == s->number && next.previous.page != s->footer.pages)
        *fit = false;
done:
    journal_close(j);
    return rc;
}

static enum err_code is_damaged(const struct seal *s, const struct page_info *p, struct err *e)
{
    return err_set(e, ERR_DAMAGED,
                   "%s: page %" PRIu64 ", byte %" PRIu64
                   ": does not match its checksum; the segment stays unsealed",
                   s->data_path, p->place.page, p->offset);
}

/* Reads up to n bytes, and adds them to the checksum of all records. */
static enum err_code read_bytes(struct seal *s, uint64_t at, size_t n, size_t *got, struct err *e)
{
    enum err_code rc = io_pread(s->data_fd, s->chunk, n, (int64_t)at, got, s->data_path, e);
    if (rc == OK && XXH3_64bits_update(s->whole_hash, s->chunk, *got) != XXH_OK)
        rc = err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    return rc;
}

static enum err_code copy_whole(struct seal *s, const struct page_info *p, struct err *e)
{
    size_t got;
    enum err_code rc = read_bytes(s, p->offset, (size_t)p->bytes, &got, e);
    if (rc != OK)
        return rc;
    if (got < p->bytes || XXH3_64bits(s->chunk, got) != p->hash)
        return is_damaged(s, p, e);
    return zstd_frames_whole(s->frames, s->chunk, got, e);
}

static enum err_code copy_in_pieces(struct seal *s, const struct page_info *p, struct err *e)
{
    uint64_t left = p->bytes;
    enum err_code rc = zstd_frames_begin(s->frames, left, e);
    if (rc != OK)
        return rc;
    if (XXH3_64bits_reset(s->page_hash) != XXH_OK)
        return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    while (left > 0) {
        size_t got;
        if ((rc = read_bytes(s, p->offset + p->bytes - left, left < CHUNK ? (size_t)left : CHUNK,
                             &got, e)) != OK)
            return rc;
        if (got == 0)
            break;
        if (XXH3_64bits_update(s->page_hash, s->chunk, got) != XXH_OK)
            return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
        if ((rc = zstd_frames_add(s->frames, s->chunk, got, e)) != OK)
            return rc;
        left -= got;
    }
    if (left > 0 || XXH3_64bits_digest(s->page_hash) != p->hash)
        return is_damaged(s, p, e);
    return zstd_frames_end(s->frames, e);
}

static enum err_code copy_page(struct seal *s, const struct page_info *p, struct err *e)
{
    if (p->bytes == 0)
        return OK;
    return p->bytes <= CHUNK ? copy_whole(s, p, e) : copy_in_pieces(s, p, e);
}

static enum err_code copy_pages(struct seal *s, struct err *e)
{
    const struct journal_line *line;
    struct journal *j;
    uint64_t pages = 0;
    enum err_code rc = journal_open(&j, s->dir, s->number, e);
    if (rc != OK)
        return rc;
    while (pages < s->footer.pages) {
        if ((rc = journal_next(j, &line, e)) != OK)
            goto done;
        if (line->kind == JOURNAL_END)
            break;
        if (line->kind != JOURNAL_PAGE)
            continue;
        if ((rc = copy_page(s, &line->page, e)) != OK)
            goto done;
        pages++;
    }
    if (pages < s->footer.pages)
        rc = err_set(e, ERR_DAMAGED, "%s: its journal changed while it was sealed", s->data_path);
done:
    journal_close(j);
    return rc;
}

/* Writes the compressed file under its temporary name, synced, and computes the checksum of all records. */
static enum err_code compress(struct seal *s, struct err *e)
{
    enum err_code rc;
    s->chunk = malloc(CHUNK);
    s->page_hash = XXH3_createState();
    s->whole_hash = XXH3_createState();
    if (!s->chunk || !s->page_hash || !s->whole_hash || XXH3_64bits_reset(s->whole_hash) != XXH_OK)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = segment_path(s->data_path, s->dir, s->number, SEGMENT_DATA, e)) != OK ||
        (rc = segment_path(s->tmp_path, s->dir, s->number, SEGMENT_TMP, e)) != OK ||
        (rc = segment_open(&s->data_fd, s->dir, s->number, SEGMENT_DATA, O_RDONLY, e)) != OK ||
        (rc = segment_open(&s->tmp_fd, s->dir, s->number, SEGMENT_TMP, O_WRONLY | O_CREAT | O_TRUNC,
                           e)) != OK ||
        (rc = zstd_frames_create(&s->frames, s->tmp_fd, s->tmp_path, e)) != OK ||
        (rc = copy_pages(s, e)) != OK || (rc = zstd_frames_finish(s->frames, e)) != OK ||
        (rc = segment_close(&s->tmp_fd, s->dir, s->number, SEGMENT_TMP, e)) != OK)
        return rc;
    uint64_t hash = XXH3_64bits_digest(s->whole_hash);
    if (s->footed && s->footer.hash != hash)
        return err_set(e, ERR_DAMAGED, "%s: does not match the checksum in its journal's footer",
                       s->data_path);
    s->footer.hash = hash;
    return OK;
}

/* Adds the footer by writing the journal anew. Also when the footer is there already: nobody knows whether its sync succeeded. */
static enum err_code add_footer(struct seal *s, struct err *e)
{
    struct buf line;
    enum err_code rc = OK;
    buf_init(&line, JOURNAL_LINE_MAX);
    s->footer.sealed = when_now();
    if (!s->footed && (rc = journal_add_footer(&line, &s->footer)) != OK)
        (void)buf_err(e, rc, &line, "a journal's footer");
    else
        rc = journal_rewrite(s->dir, s->number, s->journal, line.data, line.len, e);
    buf_free(&line);
    return rc;
}

static enum err_code exchange(struct seal *s, struct err *e)
{
    enum err_code rc = segment_rename(s->dir, s->number, SEGMENT_TMP, SEGMENT_ZST, e);
    if (rc != OK || (rc = io_sync_dir(s->dir, e)) != OK)
        return rc;
    FAULT("compressed-renamed");
    if ((rc = segment_remove(s->dir, s->number, SEGMENT_DATA, e)) != OK ||
        (rc = io_sync_dir(s->dir, e)) != OK)
        return rc;
    FAULT("plain-removed");
    return OK;
}

static void release(struct seal *s, bool failed)
{
    segment_drop(&s->data_fd);
    segment_drop(&s->tmp_fd);
    /* What cannot be removed now, the next writer removes. */
    bool left = failed && segment_remove(s->dir, s->number, SEGMENT_TMP, NULL) != OK;
    (void)left;
    zstd_frames_free(s->frames);
    (void)XXH3_freeState(s->page_hash);
    (void)XXH3_freeState(s->whole_hash);
    free(s->chunk);
}

static enum err_code seal_one(const char *dir, const char *table, uint64_t number, struct err *e)
{
    struct seal s = {.dir = dir, .table = table, .number = number, .data_fd = -1, .tmp_fd = -1};
    bool fit;
    enum err_code rc = check_pages(&s, &fit, e);
    if (rc != OK || !fit)
        return rc;
    if ((rc = compress(&s, e)) != OK)
        goto done;
    FAULT("compressed");
    if ((rc = add_footer(&s, e)) != OK)
        goto done;
    FAULT("sealed");
    rc = exchange(&s, e);
done:
    release(&s, rc != OK);
    return rc;
}

enum err_code seal_below(const char *dir, const char *table, uint64_t below, struct err *e)
{
    struct segment_list list;
    enum err_code first = segment_list_read(&list, dir, e);
    if (first != OK)
        return first;
    for (size_t i = 0; i < list.count; i++) {
        const struct segment_entry *entry = &list.entries[i];
        struct err why = ERR_INIT;
        if (entry->number >= below || !(entry->files & SEGMENT_HAS(SEGMENT_DATA)))
            continue;
        enum err_code rc = seal_one(dir, table, entry->number, &why);
        if (rc != OK && first == OK) {
            first = rc;
            if (e)
                *e = why;
        }
    }
    segment_list_free(&list);
    return first;
}

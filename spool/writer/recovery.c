#include "spool/writer/recovery.h"

#include "shared/files/fault_point.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/journal/acked.h"
#include "spool/journal/journal_rewrite.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What reading one journal to its end has shown. */
struct survey {
    bool damaged; /* something is damaged */
    bool lost;    /* a page was lost; no position behind it is used */
    bool has_position;
    uint64_t expect;
    uint64_t first_lost; /* page; 0: none */
    uint64_t chain;      /* of the page before that one */
    uint64_t durable;    /* pages that some line, or acked.json, says were */
};

static void lose(struct survey *v, const struct recovery *r)
{
    if (!v->lost) {
        v->first_lost = v->expect;
        v->chain = r->chain;
    }
    v->damaged = v->lost = true;
}

static void take_position(struct survey *v, struct recovery *r, const char *position)
{
    if (v->lost)
        return;
    memcpy(r->position, position, strlen(position) + 1);
    v->has_position = true;
}

static void on_page(struct survey *v, struct recovery *r, const struct journal_line *line)
{
    const struct page_info *p = &line->page;
    if (p->place.page != v->expect || p->offset != r->bytes || p->first_line != r->lines + 1) {
        v->damaged = true;
        if (p->place.page > v->expect)
            lose(v, r);
    }
    if (p->durable > v->durable)
        v->durable = p->durable;
    if (p->place.page < v->expect)
        return;
    if (r->since == WHEN_NONE)
        r->since = p->fetched;
    v->expect = p->place.page + 1;
    r->last.page = p->place.page;
    r->chain = p->chain;
    r->bytes = p->offset + p->bytes;
    r->lines = p->first_line + p->records - 1;
    if (!v->lost) {
        r->page = *p;
        r->page.place.segment = r->number;
    }
    take_position(v, r, line->position);
}

static void on_line(struct survey *v, struct recovery *r, const struct journal_line *line,
                    const char *table)
{
    switch (line->kind) {
    case JOURNAL_HEADER:
        if (line->at != 0 || line->header.segment != r->number ||
            strcmp(line->header.table, table) != 0)
            v->damaged = v->lost = true;
        take_position(v, r, line->position);
        r->chain = line->at == 0 ? line->header.chain : r->chain;
        break;
    case JOURNAL_PAGE:
        v->damaged = v->damaged || line->at == 0;
        on_page(v, r, line);
        break;
    case JOURNAL_FOOTER:
        r->sealed = true;
        v->damaged = v->damaged || line->footer.pages != r->last.page;
        break;
    case JOURNAL_BAD:
        v->damaged = true;
        if (line->at != 0) /* a header takes no page with it */
            lose(v, r);
        break;
    case JOURNAL_BAD_END:
        v->damaged = true;
        break;
    case JOURNAL_END:
        v->damaged = v->damaged || line->tail > 0 || line->at == 0;
        r->journal = line->at;
        break;
    }
}

static enum err_code survey(struct survey *v, struct recovery *r, const char *dir,
                            const char *table, struct err *e)
{
    const struct journal_line *line;
    struct err why = ERR_INIT;
    struct journal *j;
    *v = (struct survey){.expect = 1};
    r->last = (struct page_place){r->number, 0};
    r->bytes = r->lines = r->journal = r->chain = 0;
    r->since = WHEN_NONE;
    r->page = (struct page_info){.complete_to = WHEN_NONE};
    r->sealed = false;
    enum err_code rc = journal_open(&j, dir, r->number, &why);
    if (rc != OK) {
        v->damaged = true;
        if (why.sys == ENOENT)
            return OK;
        if (e)
            *e = why;
        return rc;
    }
    do {
        if ((rc = journal_next(j, &line, e)) != OK)
            goto done;
        on_line(v, r, line, table);
    } while (line->kind != JOURNAL_END);
done:
    journal_close(j);
    return rc;
}

/* The newest segment has no position, because its journal is gone. An older segment may have one. */
static enum err_code older_position(struct recovery *r, const struct segment_list *list,
                                    const char *dir, const char *table, struct err *e)
{
    for (size_t i = list->count; i-- > 0;) {
        struct recovery older = {.number = list->entries[i].number};
        struct survey v;
        if (older.number >= r->number)
            continue;
        enum err_code rc = survey(&v, &older, dir, table, e);
        if (rc != OK)
            return rc;
        if (v.has_position) {
            memcpy(r->position, older.position, sizeof r->position);
            r->chain = r->chain ? r->chain : older.chain;
            return OK;
        }
    }
    return OK;
}

/* Cuts off records that are of no page in the journal; records of a page in the journal must be there. there: the file has its
 * name, which was durable before the first of its pages was acknowledged. */
static enum err_code cut(struct recovery *r, const char *dir, bool there, struct err *e)
{
    char path[IO_PATH];
    struct stat st;
    int fd;
    enum err_code rc = segment_path(path, dir, r->number, SEGMENT_DATA, e);
    if (rc != OK || (rc = segment_open(&fd, dir, r->number, SEGMENT_DATA, O_RDWR | O_CREAT, e)))
        return rc;
    if (fstat(fd, &st) != 0)
        rc = err_sys(e, ERR_IO, "cannot look at %s", path);
    else if ((uint64_t)st.st_size < r->bytes)
        r->go_on = false;
    else if ((uint64_t)st.st_size > r->bytes && ftruncate(fd, (off_t)r->bytes) != 0)
        rc = err_sys(e, ERR_IO, "cannot cut %s", path);
    if (close(fd) != 0 && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot close %s", path);
    return rc == OK && !there ? io_sync_dir(dir, e) : rc;
}

/* Some of the lines that can be read were not acknowledged: their sync may have failed, and then they are in the machine's memory
 * only. They count once they are in a new file. The records need no such care: a line is written only after the sync of its
 * page's records has succeeded. */
static enum err_code make_last(const struct recovery *r, const char *dir, struct err *e)
{
    struct acked a = {.place = r->last, .open = false};
    struct err why = ERR_INIT;
    int fd = -1;
    enum err_code rc = r->journal > 0 ? journal_rewrite(dir, r->number, r->journal, "", 0, e) : OK;
    if (rc != OK)
        return rc;
    if (acked_write(&fd, dir, &a, &why) != OK)
        LOG(LOG_WARN, "recover", "cannot note which page is durable; the next run looks again",
            F_ERR(&why));
    acked_close(&fd);
    return OK;
}

static void reconcile_acked(struct survey *v, struct recovery *r, const struct acked *a)
{
    bool same = a->place.segment == r->number;
    if (same && a->place.page > v->durable)
        v->durable = a->place.page;
    if (same && a->place.page > r->last.page)
        v->damaged = true; /* lines were cut off */
    /* A power failure can tear any of the lines that shared one sync. None of them was acknowledged, so all lines from the first
     * torn one on are given up, and are not damage. */
    if (v->first_lost > v->durable && !r->sealed) {
        r->last.page = v->first_lost - 1;
        r->chain = v->chain;
    }
    r->acked = same && a->place.page == r->last.page;
}

static enum err_code recover_newest(struct recovery *r, const struct segment_entry *newest,
                                    const struct segment_list *list, const char *dir,
                                    const char *table, struct err *e)
{
    struct survey v;
    struct acked a;
    enum acked_state state;
    enum err_code rc;
    r->number = newest->number;
    if ((rc = survey(&v, r, dir, table, e)) != OK || (rc = acked_read(dir, &a, &state, e)) != OK)
        return rc;
    reconcile_acked(&v, r, &a);
    if (!v.has_position && (rc = older_position(r, list, dir, table, e)) != OK)
        return rc;
    bool plain = newest->files & SEGMENT_HAS(SEGMENT_DATA);
    r->go_on = !v.damaged && r->acked && a.open && !r->sealed && (plain || r->bytes == 0);
    if (v.damaged)
        LOG(LOG_WARN, "recover", "the newest segment is damaged or torn; a new one follows it",
            F_STR("table", table), F_INT("segment", r->number), F_INT("pages", r->last.page));
    rc = r->go_on ? cut(r, dir, plain, e) : r->acked ? OK : make_last(r, dir, e);
    if (rc == OK && page_compare(r->page.place, r->last) == 0)
        rc = moved_read(dir, &r->moved, e);
    /* Segments that were acknowledged are missing as a whole: their numbers are not used again. */
    if (a.place.segment > r->number)
        r->number = a.place.segment;
    return rc;
}

/* The table has no segment. After it was forgotten (forget_table.h) the numbers go on. */
static enum err_code recover_empty(struct recovery *r, const struct segment_list *list,
                                   const char *dir, struct err *e)
{
    struct acked a;
    enum acked_state state;
    enum err_code rc = acked_read(dir, &a, &state, e);
    r->number = a.place.segment > list->pruned ? a.place.segment : list->pruned;
    return rc;
}

enum err_code recover_table(struct recovery *r, const char *dir, const char *table, struct err *e)
{
    struct segment_list list;
    const struct segment_entry *newest = NULL;
    *r = (struct recovery){.since = WHEN_NONE};
    enum err_code rc = segment_tidy(dir, e);
    if (rc != OK || (rc = segment_list_read(&list, dir, e)) != OK)
        return rc;
    FAULT("recovered");
    for (size_t i = 0; i < list.count; i++) {
        const struct segment_entry *entry = segment_list_from(&list, list.entries[i].number);
        newest = entry ? entry : newest;
    }
    rc = newest ? recover_newest(r, newest, &list, dir, table, e) : recover_empty(r, &list, dir, e);
    segment_list_free(&list);
    return rc;
}

#include "load/dead_letters/rejects.h"
#include "shared/base/buf.h"
#include "shared/json/json_hint.h"
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letter_index.h"
#include "spool/dead_letters/dead_letter_repair.h"
#include "spool/dead_letters/dead_letter_versions.h"
#include "spool/reader/reader.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX  ((size_t)256 << 20)
#define TEXT_FULL ((size_t)16 << 20)
#define FULL      10000u

/* Texts are kept as offsets, for the buffer moves as it grows. */
struct entry {
    struct dead_letter letter; /* without its texts */
    size_t reason, sqlstate, message, file, raw;
    char key[DEAD_KEY_MAX]; /* of one that is refused again; "": it stands in raw */
};

struct rejects {
    const struct spool *spool;
    char *table;
    struct entry *entries;
    size_t count, capacity;
    struct entry *
        *order; /* the first `ordered` entries, by place and line; capacity is as of entries */
    size_t ordered;
    const char *key;
    struct dead_reasons *reasons;
    struct dead_versions *versions; /* what the file has, by its bytes */
    uint64_t added;                 /* letters */
    struct dead_index *known;       /* what the file has */
    struct buf text;
    struct reader *again; /* of the records that the database refused, or NULL */
};

enum err_code rejects_open(struct rejects **out, const struct spool *s, const char *table,
                           const char *key, struct dead_reasons *reasons, struct err *e)
{
    struct rejects *a = calloc(1, sizeof *a);

    if (a == NULL || (a->table = strdup(table)) == NULL) {
        free(a);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    a->spool = s;
    a->key = key;
    a->reasons = reasons;
    buf_init(&a->text, TEXT_MAX);
    enum err_code rc = dead_index_open(&a->known, s, table, DEAD_LOAD, e);
    if (rc == OK)
        rc = dead_versions_open(&a->versions, s, table, DEAD_LOAD, e);
    if (rc == OK)
        *out = a;
    else
        rejects_close(a);
    return rc;
}

void rejects_close(struct rejects *a)
{
    if (a == NULL)
        return;
    if (a->again != NULL)
        reader_close(a->again);
    dead_index_close(a->known);
    dead_versions_close(a->versions);
    buf_free(&a->text);
    free(a->order);
    free(a->entries);
    free(a->table);
    free(a);
}

static enum err_code store_text(struct rejects *a, const char *s, size_t n, size_t *at)
{
    enum err_code rc = buf_add(&a->text, s, n);

    if (rc == OK)
        rc = buf_addc(&a->text, '\0');
    if (rc == OK)
        *at = a->text.len - n - 1;
    return rc;
}

static enum err_code store_string(struct rejects *a, const char *s, size_t *at)
{
    return store_text(a, s != NULL ? s : "", s != NULL ? strlen(s) : 0, at);
}

static enum err_code grow(struct rejects *a, struct err *e)
{
    if (a->count < a->capacity)
        return OK;
    size_t capacity = a->capacity > 0 ? 2 * a->capacity : 16;
    struct entry *more = realloc(a->entries, capacity * sizeof *more);
    if (more == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    a->entries = more;
    a->ordered = 0; /* they may have moved */
    struct entry **order = realloc(a->order, capacity * sizeof(struct entry *));
    if (order == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    a->order = order;
    a->capacity = capacity;
    return OK;
}

enum err_code rejects_add(struct rejects *a, const struct dead_letter *letter, struct err *e)
{
    size_t before = a->text.len;
    enum err_code rc = grow(a, e);

    if (rc != OK)
        return rc;
    struct entry *n = &a->entries[a->count];
    *n = (struct entry){.letter = *letter};
    if ((rc = store_string(a, letter->reason, &n->reason)) == OK &&
        (rc = store_string(a, letter->sqlstate, &n->sqlstate)) == OK &&
        (rc = store_string(a, letter->message, &n->message)) == OK &&
        (rc = store_string(a, letter->file, &n->file)) == OK &&
        (rc = store_text(a, letter->raw, letter->raw_len, &n->raw)) == OK) {
        a->count++;
        return OK;
    }
    buf_truncate(&a->text, before);
    return buf_err(e, rc, &a->text, "the dead letters of one batch");
}

/* The n-th line of a page that has been read before. */
static enum err_code read_again(struct rejects *a, struct page_place place, uint64_t line,
                                const char **raw, size_t *n, struct err *e)
{
    const struct page_info *info = NULL;
    enum reader_what what = READER_END;
    enum err_code rc = OK;

    if (a->again == NULL && (rc = reader_open(&a->again, a->spool, a->table, e)) != OK)
        return rc;
    struct page_place before = {place.segment, place.page - 1};
    if ((rc = reader_seek(a->again, before, e)) != OK ||
        (rc = reader_next(a->again, &info, &what, e)) != OK)
        return rc;
    *raw = NULL;
    if (what == READER_PAGE && page_compare(info->place, place) == 0) {
        for (uint64_t i = info->first_line; i <= line; i++)
            if ((rc = reader_line(a->again, raw, n, e)) != OK && rc != ERR_TOO_BIG)
                return rc;
        rc = OK;
    }
    if (*raw == NULL)
        rc = err_set(e, ERR_DAMAGED, "cannot read line %llu of %s again to set it aside",
                     (unsigned long long)line, reader_file(a->again));
    return rc;
}

enum err_code rejects_refused(struct rejects *a, struct page_place place, uint64_t line,
                              const struct err *why, struct err *e)
{
    struct dead_letter letter = {.at = when_now(),
                                 .reason = "refused",
                                 .sqlstate = why->sqlstate,
                                 .message = why->msg,
                                 .place = place,
                                 .line = line};
    enum err_code rc = read_again(a, place, line, &letter.raw, &letter.raw_len, e);

    if (rc != OK)
        return rc;
    letter.file = reader_file(a->again);
    return rejects_add(a, &letter, e);
}

enum err_code rejects_again(struct rejects *a, struct page_place place, uint64_t line, int64_t key,
                            const struct err *why, struct err *e)
{
    const struct dead_letter letter = {.reason = "refused",
                                       .sqlstate = why->sqlstate,
                                       .message = why->msg,
                                       .place = place,
                                       .line = line};
    enum err_code rc = rejects_add(a, &letter, e);

    if (rc == OK)
        (void)snprintf(a->entries[a->count - 1].key, DEAD_KEY_MAX, "%" PRId64, key);
    return rc;
}

static int compare_lines(const struct dead_letter *a, struct page_place place, uint64_t line)
{
    int c = page_compare(a->place, place);

    return c != 0 ? c : (a->line > line) - (a->line < line);
}

static int compare_entries(const void *a, const void *b)
{
    const struct dead_letter *y = &(*(struct entry *const *)b)->letter;

    return compare_lines(&(*(struct entry *const *)a)->letter, y->place, y->line);
}

static void put_in_order(struct rejects *a)
{
    if (a->ordered == a->count)
        return;
    for (size_t i = 0; i < a->count; i++)
        a->order[i] = &a->entries[i];
    qsort(a->order, a->count, sizeof(struct entry *), compare_entries);
    a->ordered = a->count;
}

bool rejects_has(struct rejects *a, struct page_place place, uint64_t line)
{
    size_t low = 0;
    size_t high = a->count;

    put_in_order(a);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = compare_lines(&a->order[middle]->letter, place, line);
        if (c == 0)
            return true;
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

size_t rejects_count(const struct rejects *a)
{
    return a->count;
}

bool rejects_full(const struct rejects *a)
{
    return a->count >= FULL || a->text.len >= TEXT_FULL;
}

void rejects_truncate(struct rejects *a, size_t n)
{
    if (n >= a->count)
        return;
    buf_truncate(&a->text, a->entries[n].reason);
    a->count = n;
    a->ordered = 0;
}

/* Points the entry to its texts, now that the buffer no longer moves. */
static void point_to_texts(const struct rejects *a, struct entry *k)
{
    k->letter.reason = a->text.data + k->reason;
    k->letter.sqlstate = a->text.data + k->sqlstate;
    k->letter.message = a->text.data + k->message;
    k->letter.file = a->text.data + k->file;
    k->letter.raw = a->text.data + k->raw;
}

static enum err_code count_reason(struct rejects *a, const struct entry *k, struct err *e)
{
    struct json_hint hint = {.key = k->key, .key_len = strlen(k->key)};

    if (a->reasons == NULL)
        return OK;
    if (hint.key_len == 0)
        hint = json_hint_read(a->key, k->letter.raw, k->letter.raw_len);
    return dead_reasons_add(a->reasons, &k->letter, hint.key, hint.key_len, e);
}

enum err_code rejects_count_again(struct rejects *a, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < a->count; i++) {
        point_to_texts(a, &a->entries[i]);
        rc = count_reason(a, &a->entries[i], e);
    }
    return rc;
}

/* Whether the letter is not in the file yet. It counts as being there from now on. */
static enum err_code is_news(struct rejects *a, struct entry *k, rejects_overtaken_fn *overtaken,
                             void *ctx, bool *news, struct err *e)
{
    bool known = false;
    enum err_code rc = dead_index_has(a->known, k->letter.place, k->letter.line, &known, e);

    point_to_texts(a, k);
    k->letter.state = DEAD_LISTED;
    if (known || rc != OK) {
        *news = false;
    } else if (overtaken != NULL && overtaken(ctx, &k->letter)) {
        k->letter.state = DEAD_OVERTAKEN;
        k->letter.state_at = k->letter.at;
        k->letter.message = "";
        *news = true;
    } else {
        *news = k->letter.raw_len == 0 ||
                dead_versions_add(a->versions, k->letter.raw, k->letter.raw_len);
    }
    return rc;
}

static enum err_code choose_news(struct rejects *a, rejects_overtaken_fn *overtaken, void *ctx,
                                 struct dead_letter *letters, size_t *n, uint64_t *listed,
                                 struct err *e)
{
    enum err_code rc = OK;

    for (size_t i = 0; rc == OK && i < a->count; i++) {
        bool news = false;
        rc = is_news(a, a->order[i], overtaken, ctx, &news, e);
        if (!news)
            continue;
        letters[(*n)++] = a->order[i]->letter;
        if (a->order[i]->letter.state == DEAD_LISTED) {
            ++*listed;
            rc = count_reason(a, a->order[i], e);
        }
    }
    return rc;
}

enum err_code rejects_write(struct rejects *a, rejects_overtaken_fn *overtaken, void *ctx, bool dry,
                            struct err *e)
{
    enum err_code rc = OK;
    uint64_t listed = 0;
    size_t n = 0;

    if (a->count == 0)
        return OK;
    put_in_order(a);
    if ((rc = dead_index_refresh(a->known, a->order[0]->letter.place, e)) != OK ||
        (rc = dead_versions_refresh(a->versions, e)) != OK)
        return rc;
    struct dead_letter *letters = calloc(a->count, sizeof *letters);
    if (letters == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    rc = choose_news(a, overtaken, ctx, letters, &n, &listed, e);
    if (rc == OK && n < a->count && !dry)
        rc = dead_settle(a->spool, a->table, DEAD_LOAD, e);
    if (rc == OK && n > 0 && !dry)
        rc = dead_add(a->spool, a->table, DEAD_LOAD, letters, n, e);
    a->added += rc == OK ? listed : 0;
    if (rc != OK)
        dead_versions_reset(a->versions);
    free(letters);
    return rc;
}

uint64_t rejects_added(const struct rejects *a)
{
    return a->added;
}

void rejects_committed(struct rejects *a)
{
    a->count = a->ordered = 0;
    buf_reset(&a->text);
}

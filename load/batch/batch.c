#include "load/batch/batch.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN       1024u
#define HASH_MULTIPLIER UINT64_C(0x9E3779B97F4A7C15)

struct place_in_order {
    int64_t key;
    uint32_t row;
    uint32_t group; /* a share, or within one a path */
};

struct batch {
    struct batch_conf conf;
    struct batch_row *rows;
    struct place_in_order *order; /* of the rows, as many */
    uint32_t *slots;              /* open addressing by key: row + 1, 0 = free */
    size_t n;
    size_t cap;        /* of rows and order */
    size_t slot_count; /* a power of two, at least twice cap */
    size_t live;       /* bytes of data that are still some row's */
    struct buf data;
};

static void set_conf(struct batch *b, const struct batch_conf *conf)
{
    b->conf = *conf;
    if (b->conf.rows_max > BATCH_ROWS_MAX)
        b->conf.rows_max = BATCH_ROWS_MAX;
    if (b->conf.bytes_max > BATCH_DATA_MAX)
        b->conf.bytes_max = BATCH_DATA_MAX;
}

enum err_code batch_open(struct batch **b, const struct batch_conf *conf, struct err *e)
{
    *b = calloc(1, sizeof(**b));
    if (*b == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a batch");
    buf_init(&(*b)->data, BATCH_DATA_MAX);
    set_conf(*b, conf);
    return OK;
}

void batch_close(struct batch *b)
{
    if (b == NULL)
        return;
    buf_free(&b->data);
    free(b->rows);
    free(b->order);
    free(b->slots);
    free(b);
}

void batch_reset(struct batch *b, const struct batch_conf *conf)
{
    b->n = 0;
    b->live = 0;
    buf_reset(&b->data);
    if (b->slots != NULL)
        memset(b->slots, 0, b->slot_count * sizeof(*b->slots));
    if (conf != NULL)
        set_conf(b, conf);
}

/* Returns the slot of the hash table that holds key, or the free slot where it belongs. */
static uint32_t *find_slot(const struct batch *b, int64_t key)
{
    size_t mask = b->slot_count - 1;
    size_t i = (size_t)(((uint64_t)key * HASH_MULTIPLIER) >> 32) & mask;

    while (b->slots[i] != 0 && b->rows[b->slots[i] - 1].row.key != key)
        i = (i + 1) & mask;
    return &b->slots[i];
}

/* Room for one more row. */
static enum err_code grow(struct batch *b)
{
    size_t cap = b->cap == 0 ? SLOTS_MIN / 2 : b->cap * 2;

    if (b->n < b->cap)
        return OK;
    struct batch_row *rows = realloc(b->rows, cap * sizeof(*rows));
    if (rows == NULL)
        return ERR_NOMEM;
    b->rows = rows;
    struct place_in_order *order = realloc(b->order, cap * sizeof(*order));
    if (order == NULL)
        return ERR_NOMEM;
    b->order = order;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL)
        return ERR_NOMEM;
    free(b->slots);
    b->slots = slots;
    b->slot_count = cap * 2;
    b->cap = cap;
    for (uint32_t i = 0; i < b->n; i++)
        *find_slot(b, rows[i].row.key) = i + 1;
    return OK;
}

/* What becomes of a later version of a key: batch.h says why. */
static enum batch_add decide_duplicate(const struct batch *b, const struct batch_row *first,
                                       const struct row *late)
{
    const struct row *early = &first->row;
    bool early_timed = early->time_modified != WHEN_NONE;
    bool late_timed = late->time_modified != WHEN_NONE;

    if (!b->conf.fold || early_timed != late_timed)
        return BATCH_FULL;
    if (late_timed && late->time_modified < early->time_modified)
        return BATCH_STALE;
    if (first->kept_over_stale)
        return BATCH_FULL;
    if (!b->conf.replace && early->shape != late->shape)
        return BATCH_FULL;
    if (early->time_created != WHEN_NONE && early->time_created != late->time_created)
        return BATCH_FULL;
    return BATCH_FOLDED;
}

static bool bytes_fit(const struct batch *b, size_t n)
{
    return b->data.len <= b->conf.bytes_max && n <= b->conf.bytes_max - b->data.len;
}

static void put(struct batch *b, uint32_t i, const struct batch_row *row, size_t data_at)
{
    b->rows[i] = *row;
    b->rows[i].kept_over_stale = false;
    b->rows[i].data_at = data_at;
    b->live += row->row.data_len;
}

/* Puts a later version over an earlier one: into the same bytes if it fits, so that a record that changes all the time does not fill
 * the batch. */
static enum err_code fold(struct batch *b, uint32_t i, const struct batch_row *row,
                          const char *data, enum batch_add *outcome)
{
    const struct batch_row *early = &b->rows[i];
    size_t n = row->row.data_len;
    size_t at = early->data_at;
    enum err_code rc = OK;

    if (n <= early->row.data_len) {
        memcpy(b->data.data + at, data, n);
    } else if (bytes_fit(b, n)) {
        at = b->data.len;
        rc = buf_add(&b->data, data, n);
    } else {
        *outcome = BATCH_FULL;
        return OK;
    }
    if (rc == OK) {
        b->live -= early->row.data_len;
        put(b, i, row, at);
    }
    return rc;
}

static enum err_code append(struct batch *b, uint32_t *slot, const struct batch_row *row,
                            const char *data)
{
    size_t at = b->data.len;
    enum err_code rc = buf_add(&b->data, data, row->row.data_len);

    if (rc != OK)
        return rc;
    put(b, (uint32_t)b->n, row, at);
    b->order[b->n] = (struct place_in_order){.key = row->row.key, .row = (uint32_t)b->n};
    b->n++;
    *slot = (uint32_t)b->n;
    return OK;
}

/* The seconds around years 1 and 9999 (shared/time/when.h) are well within PostgreSQL's range. */
static bool time_fits(int64_t t)
{
    return t == WHEN_NONE ||
           (t >= INT64_C(-62135596800) * WHEN_SECOND && t < INT64_C(253402300800) * WHEN_SECOND);
}

enum err_code batch_add(struct batch *b, const struct batch_row *row, const char *data,
                        enum batch_add *outcome, struct err *e)
{
    enum err_code rc;

    if (!time_fits(row->row.time_created) || !time_fits(row->row.time_modified))
        return err_set(e, ERR_INTERNAL, "a row's time is beyond the years 1 to 9999");
    if ((rc = grow(b)) != OK)
        return err_set(e, rc, "no memory for a batch of more than %zu rows", b->n);
    uint32_t *slot = find_slot(b, row->row.key);
    if (*slot != 0) {
        *outcome = decide_duplicate(b, &b->rows[*slot - 1], &row->row);
        if (*outcome == BATCH_STALE)
            b->rows[*slot - 1].kept_over_stale = true;
        else if (*outcome == BATCH_FOLDED)
            rc = fold(b, *slot - 1, row, data, outcome);
    } else if (b->n > 0 && (b->n >= b->conf.rows_max || !bytes_fit(b, row->row.data_len))) {
        *outcome = BATCH_FULL;
    } else {
        *outcome = BATCH_ADDED;
        rc = append(b, slot, row, data);
    }
    return rc == OK ? OK : buf_err(e, rc, &b->data, "a batch's data");
}

enum err_code batch_put(struct batch *b, const struct batch_row *row, const char *data,
                        struct err *e)
{
    const uint32_t *slot = find_slot(b, row->row.key);
    size_t at = b->data.len;
    enum err_code rc = buf_add(&b->data, data, row->row.data_len);

    if (*slot == 0)
        return err_set(e, ERR_INTERNAL, "the batch has no row of that key");
    if (rc != OK)
        return buf_err(e, rc, &b->data, "a batch's data");
    enum batch_path path = b->rows[*slot - 1].path;
    b->live -= b->rows[*slot - 1].row.data_len;
    put(b, *slot - 1, row, at);
    b->rows[*slot - 1].path = path;
    return OK;
}

size_t batch_rows(const struct batch *b)
{
    return b->n;
}

size_t batch_bytes(const struct batch *b)
{
    return b->live;
}

static int compare_keys(const void *a, const void *b)
{
    const struct place_in_order *x = a;
    const struct place_in_order *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Most rows are in order already: they were sorted while the batch before was on its way, and all have one path. */
static void sort(struct place_in_order *order, size_t n)
{
    size_t i = 1;

    while (i < n && compare_keys(&order[i - 1], &order[i]) <= 0)
        i++;
    if (i < n)
        qsort(order, n, sizeof *order, compare_keys);
}

void batch_sort_shares(struct batch *b, unsigned n, size_t ends[])
{
    for (unsigned i = 0; i < n; i++)
        ends[i] = 0;
    for (size_t i = 0; i < b->n; i++) {
        b->order[i].group = lane_of(b->order[i].key) * n / LANES;
        ends[b->order[i].group]++;
    }
    for (unsigned i = 1; i < n; i++)
        ends[i] += ends[i - 1];
    sort(b->order, b->n);
}

void batch_sort(struct batch *b)
{
    size_t end;

    batch_sort_shares(b, 1, &end);
}

const struct batch_row *batch_row(const struct batch *b, size_t i, const char **data)
{
    const struct batch_row *row = &b->rows[b->order[i].row];

    *data = b->data.data + row->data_at;
    return row;
}

size_t batch_cached(const struct batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        n += b->rows[i].cached;
    return n;
}

size_t batch_shapes(const struct batch *b, uint64_t *shapes, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n && n <= max; i++) {
        uint64_t shape = b->rows[i].row.shape;
        size_t k = 0;
        while (k < n && shapes[k] != shape)
            k++;
        if (k < n || b->rows[i].cached)
            continue;
        if (n < max)
            shapes[n] = shape;
        n++;
    }
    return n;
}

struct batch_row *batch_find(struct batch *b, int64_t key)
{
    uint32_t slot = b->slots == NULL ? 0 : *find_slot(b, key);

    return slot == 0 ? NULL : &b->rows[slot - 1];
}

struct batch_row *batch_at(struct batch *b, size_t i)
{
    return &b->rows[b->order[i].row];
}

const struct batch_row *batch_came(const struct batch *b, size_t i)
{
    return &b->rows[i];
}

bool batch_rises(const struct batch *b, int64_t *top)
{
    bool rises = true;

    for (size_t i = 0; i < b->n; i++) {
        int64_t key = b->rows[i].row.key;
        rises = rises && key >= *top;
        *top = key > *top ? key : *top;
    }
    return rises;
}

void batch_group(struct batch *b, size_t first, size_t end, size_t ends[BATCH_PATHS])
{
    size_t n = first;

    for (size_t i = first; i < end; i++)
        b->order[i].group = (uint32_t)b->rows[b->order[i].row].path;
    sort(b->order + first, end - first);
    for (unsigned path = 0; path < BATCH_PATHS; path++) {
        while (n < end && b->order[n].group == path)
            n++;
        ends[path] = n;
    }
}

void batch_same_path(struct batch *b, size_t first, size_t end, enum batch_path path)
{
    size_t ends[BATCH_PATHS];

    for (size_t i = first; i < end; i++)
        b->rows[b->order[i].row].path = path;
    batch_group(b, first, end, ends);
}

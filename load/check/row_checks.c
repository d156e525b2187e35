#include "load/check/row_checks.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The text of each kind's finding: "<what>: <rows> (keys 1, 2, 3 ...)<hint>". */
static const struct {
    const char *name;
    enum finding state;
    const char *what, *hint;
} kinds[ROW_CHECKS_KINDS] = {
    {"rows", FINDING_OK, "rows looked at", ""},
    {"timeless", FINDING_OK, "rows without time_modified", ""},
    {"no-object", FINDING_WRONG, "rows whose data is no object", ""},
    {"deleted-missing", FINDING_WRONG, "rows without `deleted` in data",
     "; the loader puts it there, so others wrote them"},
    {"deleted-type", FINDING_WRONG, "rows whose `deleted` in data is no boolean", ""},
    {"infinite", FINDING_WRONG, "rows with an infinite time", "; no newer version can pass it"},
    {"future", FINDING_CHANGE, "rows with a time_modified that is more than a day ahead",
     "; until then no change of theirs is loaded, unless it is later still"},
    {"backward", FINDING_CHANGE, "rows that were created after they were modified",
     "; ask the source"},
    {"time-unreadable", FINDING_WRONG, "rows with a time in data that is none", ""},
    {"time-differs", FINDING_WRONG, "rows with another time in data than in the column", ""},
    {"key-differs", FINDING_WRONG, "rows with another key in data than in the column", ""},
    {"detected-unreadable", FINDING_WRONG, "rows whose `deleted_detected_at` is no time",
     "; they will not be purged"},
    {"said-twice", FINDING_CHANGE, "rows with a key or times in data too",
     "; the loader puts none there, so others wrote them, and its updates leave them as they are"},
};

static int find(const char *kind)
{
    for (int k = 0; k < ROW_CHECKS_KINDS; k++)
        if (strcmp(kinds[k].name, kind) == 0)
            return k;
    return -1;
}

static void list_key(struct row_checks *i, int k, const char *key, size_t n)
{
    char *keys = i->kinds[k].keys;
    size_t len = strlen(keys);

    if (i->kinds[k].listed == ROW_CHECKS_KEYS || n == 0)
        return;
    (void)snprintf(keys + len, ROW_CHECKS_TEXT - len, "%s%.*s", len > 0 ? ", " : "", (int)n, key);
    i->kinds[k].listed++;
}

void row_checks_add(struct row_checks *i, const char *kind, uint64_t rows, const char *keys)
{
    int k = find(kind);

    if (k < 0)
        return;
    i->kinds[k].rows += rows;
    for (const char *p = keys + strspn(keys, "{,}"); *p != '\0'; p += strspn(p, "{,}")) {
        size_t n = strcspn(p, "{,}");
        list_key(i, k, p, n);
        p += n;
    }
}

static void check_time(struct row_checks *i, const char *key, const char *text, int64_t column)
{
    int64_t time = WHEN_NONE;

    if (text == NULL)
        return;
    if (*text != '\0' && when_parse(text, strlen(text), i->zone, &time) != OK)
        row_checks_add(i, "time-unreadable", 1, key);
    else if (time != column)
        row_checks_add(i, "time-differs", 1, key);
}

void row_checks_row(struct row_checks *i, const struct row_checks_record *record)
{
    int64_t time = WHEN_NONE;

    check_time(i, record->key, record->created_text, record->created);
    check_time(i, record->key, record->modified_text, record->modified);
    if (record->key_text != NULL && strcmp(record->key_text, record->key) != 0)
        row_checks_add(i, "key-differs", 1, record->key);
    if (record->detected_text != NULL &&
        (when_parse(record->detected_text, strlen(record->detected_text), i->zone, &time) != OK ||
         time == WHEN_NONE))
        row_checks_add(i, "detected-unreadable", 1, record->key);
    if (record->key_text != NULL || record->created_text != NULL || record->modified_text != NULL)
        row_checks_add(i, "said-twice", 1, record->key);
}

uint64_t row_checks_rows(const struct row_checks *i, const char *kind)
{
    int k = find(kind);

    return k < 0 ? 0 : i->kinds[k].rows;
}

void row_checks_report(const struct row_checks *i, struct findings *f, const char *table)
{
    for (int k = 0; k < ROW_CHECKS_KINDS; k++) {
        uint64_t n = i->kinds[k].rows;
        bool keys = kinds[k].state != FINDING_OK;
        if (n == 0 && k > 0)
            continue;
        findings_add(f, kinds[k].state, ERR_DATA, table, "%s: %" PRIu64 "%s%s%s%s", kinds[k].what,
                     n, keys ? " (keys " : "", keys ? i->kinds[k].keys : "",
                     keys ? (n > ROW_CHECKS_KEYS ? " ...)" : ")") : "", kinds[k].hint);
    }
}

#include "load/target/loaded_rows.h"

#include "load/database/db_answer.h"
#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/journal/journal_chain.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOADED_TABLE,
    LOADED_SCHEMA,
    LOADED_BRANCH,
    LOADED_SEGMENT,
    LOADED_PAGE,
    LOADED_CHAIN,
    LOADED_HOLES,
    LOADED_GAPS,
    LOADED_AFTER_SEGMENT,
    LOADED_AFTER_PAGE,
    LOADED_SINCE,
    LOADED_BOOK,
    LOADED_UNCHECKED,
    LOADED_COLUMNS
};

static uint64_t chain_of(const PGresult *r, int row)
{
    return strtoull(PQgetvalue(r, row, LOADED_CHAIN), NULL, 16);
}

static struct page_place place_at(const PGresult *r, int row, int column)
{
    return (struct page_place){(uint64_t)db_answer_number(r, row, column),
                               (uint64_t)db_answer_number(r, row, column + 1)};
}

/* Reads the rows of one schema from `row` on, one for each branch: takes the branch that is furthest and whose page the spool holds. If there is
 * none, nothing of what the spool holds is loaded. */
static enum err_code read_schema(const char *dir, const struct segment_list *list,
                                 const PGresult *r, int row, int end, struct loaded_row *m,
                                 struct err *e)
{
    *m = (struct loaded_row){.place = {0, 0}, .since = WHEN_NONE};
    m->unchecked = row < end && !PQgetisnull(r, row, LOADED_UNCHECKED)
                       ? db_answer_number(r, row, LOADED_UNCHECKED)
                       : WHEN_NONE;
    for (; row < end; row++) {
        struct page_place place = place_at(r, row, LOADED_SEGMENT);
        struct page_place after = place_at(r, row, LOADED_AFTER_SEGMENT);
        uint64_t chain = chain_of(r, row);
        bool same = false;
        enum err_code rc = journal_chain_holds(dir, list, place, chain, &same, e);
        if (rc != OK)
            return rc;
        if (!same || page_compare(place, m->place) < 0)
            continue;
        m->holes = (uint64_t)db_answer_number(r, row, LOADED_HOLES);
        m->gaps = (uint64_t)db_answer_number(r, row, LOADED_GAPS);
        m->since = m->holes + m->gaps > 0 ? db_answer_number(r, row, LOADED_SINCE) : WHEN_NONE;
        m->place = place;
        m->hole = m->holes > 0 ? after : (struct page_place){0, 0};
    }
    return OK;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == WHEN_NONE || (b != WHEN_NONE && b < a) ? b : a;
}

/* Reads all schemas of a table from *row on, and moves *row behind them. */
static enum err_code read_table(const char *dir, const PGresult *r, const char *only, int *row,
                                struct loaded_row *m, struct err *e)
{
    const char *table = PQgetvalue(r, *row, LOADED_TABLE);
    struct segment_list list;
    bool first = true;
    enum err_code rc = segment_list_read(&list, dir, e);

    while (rc == OK && *row < PQntuples(r) &&
           strcmp(PQgetvalue(r, *row, LOADED_TABLE), table) == 0) {
        const char *schema = PQgetvalue(r, *row, LOADED_SCHEMA);
        struct loaded_row one;
        int end = *row + 1;
        while (end < PQntuples(r) && strcmp(PQgetvalue(r, end, LOADED_TABLE), table) == 0 &&
               strcmp(PQgetvalue(r, end, LOADED_SCHEMA), schema) == 0)
            end++;
        if (only != NULL && strcmp(schema, only) != 0) {
            *row = end;
            continue;
        }
        rc = read_schema(dir, &list, r, *row, end, &one, e);
        if (first || page_compare(one.place, m->place) < 0)
            m->place = one.place;
        if (one.holes > 0 && (m->holes == 0 || page_compare(one.hole, m->hole) < 0))
            m->hole = one.hole;
        m->holes += one.holes;
        m->gaps += one.gaps;
        m->since = earlier(m->since, one.since);
        m->unchecked = earlier(m->unchecked, one.unchecked);
        first = false;
        *row = end;
    }
    segment_list_free(&list);
    return rc;
}

enum err_code loaded_rows_next(const PGresult *r, const char *spool_dir, const char *schema,
                               int *row, struct loaded_row *out, struct err *e)
{
    char dir[IO_PATH];

    *out = (struct loaded_row){.since = WHEN_NONE, .unchecked = WHEN_NONE};
    if (PQnfields(r) != LOADED_COLUMNS)
        return err_set(e, ERR_INTERNAL, "the progress has other columns than it should");
    (void)snprintf(out->book, sizeof out->book, "%s", PQgetvalue(r, *row, LOADED_BOOK));
    (void)snprintf(out->table, sizeof out->table, "%s", PQgetvalue(r, *row, LOADED_TABLE));
    enum err_code rc = io_path(dir, spool_dir, out->table, e);
    return rc == OK ? read_table(dir, r, schema, row, out, e) : rc;
}
